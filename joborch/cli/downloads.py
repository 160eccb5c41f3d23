"""Bringing the results of several jobs home, each into a directory or an archive of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joborch.cli import exits, outcome
from joborch.cli.progress import Bar
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.wire.jobs import JobView

_UNFIT = re.compile(r"[^\w.+@ -]|^[.-]")


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
    warns: bool = True
    """Tell of jobs that did not complete."""


async def fetch_jobs(
    session: Session, orchestrator: Orchestrator, jobs: Sequence[JobView], download: Download
) -> int:
    """Fetch each job, print where it went, and return the exit code for all of them."""
    codes: list[int] = []
    items: list[dict[str, object]] = []
    for job in jobs:
        target = _target(job, download, is_only=len(jobs) == 1)
        try:
            files = await _fetch(session, orchestrator, job, target, download)
        except (JoborchError, FileExistsError) as error:
            if len(jobs) == 1:
                raise
            codes.append(exits.report(exits.as_ours(error), as_json=session.output.is_json))
            continue
        codes.append(0)
        items.append({"id": job.id, "state": job.state, "path": str(target), "files": files})
        if not session.output.is_json:
            session.output.line(one_line(str(target)))
    if session.output.is_json:
        session.output.document({"schema": "joborch.fetch/1", "items": items})
    return _code(codes)


async def _fetch(
    session: Session, orchestrator: Orchestrator, job: JobView, target: Path, download: Download
) -> list[str]:
    if download.is_partial or download.keeps_zip:
        target.parent.mkdir(parents=True, exist_ok=True)
    if download.is_partial:
        await orchestrator.download_partial(job.id, target)
        return []
    if outcome.is_bad(job) and download.warns:
        session.output.note(f"warning: job {job.id} {one_line(outcome.verdict(job))}")
    if _is_there(target, download):
        session.output.note(f"{one_line(str(target))} is there already; --overwrite fetches again")
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


def _target(job: JobView, download: Download, *, is_only: bool) -> Path:
    name = _UNFIT.sub("_", job.name)[:100]
    is_archive = download.keeps_zip or download.is_partial
    ending = ".zip" if is_archive else ""
    if download.into is None:
        return Path(f"{name}-{job.id}{ending}")
    if is_only and not is_archive:
        return download.into
    return download.into / f"{job.id}-{name}{ending}"


def _is_there(target: Path, download: Download) -> bool:
    return target.exists() and not download.is_overwriting and target != download.into


def _code(codes: Sequence[int]) -> int:
    bad = [code for code in codes if code]
    if not bad:
        return 0
    return exits.PARTIAL if len(bad) < len(codes) else bad[0]
