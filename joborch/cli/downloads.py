"""Bringing the results of several jobs home, each into a directory or an archive of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from joborch.cli import exits, outcome
from joborch.cli.hindrance import hindrance
from joborch.cli.progress import Bar
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.client.results import sha256_of
from joborch.domain.errors import JoborchError, NotFinishedError
from joborch.domain.names import place_named
from joborch.domain.text import one_line
from joborch.wire.jobs import JobView

FETCHED_FIELDS = ("id", "state", "path", "files")
"""Of what was fetched, for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Where results go, and which of them."""

    into: Path | None = None
    """Of one job: its directory. Of several: the directory of their directories."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    is_overwriting: bool = False
    keeps_zip: bool = False
    """Keep the archive, and do not unpack it."""
    is_partial: bool = False
    """Of a running job, as it is now."""
    goes_on: bool = True
    """Whether one job that fails leaves the others be."""
    parallel: int = 4
    """Jobs at a time."""
    warns: bool = True
    """Tell of jobs that did not complete."""


async def fetch_jobs(
    session: Session, orchestrator: Orchestrator, jobs: Sequence[JobView], download: Download
) -> int:
    """Fetch each job, print where it went in their order, and return the exit code for all."""
    targets = [_target(job, download, is_only=len(jobs) == 1) for job in jobs]
    codes: list[int] = []
    items: list[dict[str, object]] = []
    async with _under_way(session, orchestrator, jobs, targets, download) as fetches:
        for job, target, fetch in zip(jobs, targets, fetches, strict=True):
            try:
                files = await fetch
            except JoborchError as error:
                if len(jobs) == 1:
                    raise
                codes.append(exits.report(error, as_json=session.output.is_json))
                if download.goes_on:
                    continue
                break
            codes.append(0)
            items.append({"id": job.id, "state": job.state, "path": str(target), "files": files})
            if not session.output.is_json:
                session.output.line(one_line(str(target)))
    if session.output.is_json:
        session.output.document({"schema": "joborch.fetch/1", "items": items})
    return _code(codes)


@asynccontextmanager
async def _under_way(
    session: Session,
    orchestrator: Orchestrator,
    jobs: Sequence[JobView],
    targets: Sequence[Path],
    download: Download,
) -> AsyncIterator[list[asyncio.Task[list[str]]]]:
    """Fetch the jobs, some at a time; what is not done by the end of the block is given up."""
    turns = asyncio.Semaphore(download.parallel)

    async def one(job: JobView, target: Path) -> list[str]:
        async with turns:
            return await _fetch(session, orchestrator, job, target, download)

    fetches = [
        asyncio.create_task(one(job, target), name=f"fetch {job.id}")
        for job, target in zip(jobs, targets, strict=True)
    ]
    try:
        yield fetches
    finally:
        for fetch in fetches:
            fetch.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)


async def _fetch(
    session: Session, orchestrator: Orchestrator, job: JobView, target: Path, download: Download
) -> list[str]:
    if download.keeps_zip:
        target.parent.mkdir(parents=True, exist_ok=True)
    if outcome.is_bad(job) and download.warns:
        session.output.note(f"warning: job {job.id} {one_line(outcome.verdict(job))}")
    is_there = _is_to_stay(target, download)
    try:
        async with saying_why(orchestrator, job.id):
            files = await _bring(session, orchestrator, job, target, download)
    except FileExistsError as error:
        hint = "--overwrite replaces what is there, --dir puts it elsewhere"
        raise exits.UsageError(str(error), hint=hint) from error
    if is_there and not files and not download.is_partial:
        session.output.note(f"{one_line(str(target))} is there already; --overwrite fetches again")
    return files


async def _bring(
    session: Session, orchestrator: Orchestrator, job: JobView, target: Path, download: Download
) -> list[str]:
    """Fetch what is not there, and return the names of files that were unpacked."""
    if download.is_partial:
        return await _bring_partial(orchestrator, job, target, download)
    if download.keeps_zip and _is_to_stay(target, download):
        await asyncio.to_thread(_require_same, target, job)
        return []
    with Bar(session.output, f"↓ {job.id}") as bar:
        if download.keeps_zip:
            await orchestrator.download(job.id, target, on_progress=bar.move)
            return []
        return await orchestrator.fetch(
            job.id,
            target,
            include=download.include,
            exclude=download.exclude,
            overwrite=download.is_overwriting,
            on_progress=bar.move,
        )


async def _bring_partial(
    orchestrator: Orchestrator, job: JobView, target: Path, download: Download
) -> list[str]:
    if download.keeps_zip:
        await orchestrator.download_partial(job.id, target)
        return []
    return await orchestrator.fetch_partial(
        job.id,
        target,
        include=download.include,
        exclude=download.exclude,
        overwrite=download.is_overwriting,
    )


@asynccontextmanager
async def saying_why(orchestrator: Orchestrator, job_id: int) -> AsyncIterator[None]:
    """Add to the refusal to hand out results of a job that has not ended what it waits for."""
    try:
        yield
    except NotFinishedError as error:
        if found := await hindrance(orchestrator, job_id):
            error.details["why"] = found.message
        error.hint = f"joborch fetch -w {job_id} waits for the end"
        raise


def _is_to_stay(target: Path, download: Download) -> bool:
    return target.exists() and not download.is_overwriting


def _require_same(archive: Path, job: JobView) -> None:
    if not archive.is_file() or job.results is None or sha256_of(archive) != job.results.sha256:
        raise FileExistsError(f"{archive} exists already, with other content")


def _target(job: JobView, download: Download, *, is_only: bool) -> Path:
    name = place_named(job.name)
    ending = ".zip" if download.keeps_zip else ""
    if download.into is None:
        return Path(f"{name}-{job.id}{ending}")
    if is_only and not download.keeps_zip:
        return download.into
    return download.into / f"{job.id}-{name}{ending}"


def _code(codes: Sequence[int]) -> int:
    bad = [code for code in codes if code]
    if not bad:
        return 0
    return exits.PARTIAL if len(bad) < len(codes) else bad[0]
