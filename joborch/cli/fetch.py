"""``joborch fetch``: bring results home."""

import shutil
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO

import typer

from joborch.cli import outcome
from joborch.cli.downloads import FETCHED_FIELDS, Download, fetch_jobs, saying_why
from joborch.cli.exits import UsageError
from joborch.cli.fields import fields_of
from joborch.cli.filtering import Where
from joborch.cli.follow import Waiting
from joborch.cli.progress import Bar
from joborch.cli.selection import select
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.cli.times import size
from joborch.client import Orchestrator
from joborch.wire.jobs import FileView, JobView

EXAMPLES = """
joborch fetch 42
joborch fetch b-31 -d out --include '*.pdb'
joborch fetch 42 --member output.txt
joborch fetch last -w --zip
"""
COLUMNS: list[Column[FileView]] = [
    Column(
        name="size_bytes",
        head="SIZE",
        text=lambda file: size(file.size_bytes),
        raw=lambda file: file.size_bytes,
        is_right=True,
    ),
    Column(name="kind", head="KIND", text=lambda f: f.kind, raw=lambda f: f.kind),
    Column(name="name", head="NAME", text=lambda f: f.name, raw=lambda f: f.name),
]
FIELDS = (*FETCHED_FIELDS, *fields_of(JobView))


def fetch(
    context: typer.Context,
    *,
    selectors: Annotated[list[str] | None, typer.Argument(metavar="[SELECTOR]...")] = None,
    where: Where = None,
    directory: Annotated[
        str | None,
        typer.Option("-d", "--dir", metavar="DIR", help="Where to; default: NAME-ID."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE|-", help="The archive itself.")
    ] = None,
    keep_zip: Annotated[bool, typer.Option("--zip", help="Do not unpack.")] = False,
    member: Annotated[
        str | None, typer.Option("--member", metavar="NAME", help="One file, to stdout.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Only say what there is.")] = False,
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="GLOB", help="Only these.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="GLOB", help="Not these.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Of a running job, as it is now.")
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("-w", "--wait", help="Wait for the end first; the exit code says how it was."),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite/--skip-existing",
            help="Replace what is there; else the same is left, and other content an error.",
            show_default=False,
        ),
    ] = False,
    no_keep_going: Annotated[
        bool, typer.Option("--no-keep-going", help="Of several, stop at the first that fails.")
    ] = False,
    parallel: Annotated[
        int, typer.Option("-j", "--jobs", metavar="N", min=1, max=32, help="Jobs at a time.")
    ] = 4,
) -> None:
    """Download results, each job's into a directory of its own, and print which."""
    is_looking = listing and not wait
    session = Session.of(context, fields=None if is_looking else FIELDS)
    download = Download(
        into=Path(directory) if directory else None,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        is_overwriting=overwrite,
        keeps_zip=keep_zip,
        is_partial=partial,
        goes_on=not no_keep_going,
        parallel=parallel,
    )

    async def work(orchestrator: Orchestrator) -> int:
        jobs = await select(
            selectors or [], session=session, orchestrator=orchestrator, where=where, default="last"
        )
        if wait:
            jobs = await Waiting(session, [job.id for job in jobs]).finish(orchestrator)
        ended = outcome.exit_code(jobs) if wait else 0
        if not (listing or member or output):
            return await fetch_jobs(session, orchestrator, jobs, download) or ended
        job = _only(jobs)
        async with saying_why(orchestrator, job.id):
            if listing:
                await _list(session, orchestrator, job)
            elif member:
                await _write_member(orchestrator, job, member, output)
            elif output:
                await _write_archive(session, orchestrator, job, output, download)
        return ended

    raise typer.Exit(session.run(work))


def _only(jobs: list[JobView]) -> JobView:
    if len(jobs) > 1:
        raise UsageError(f"--list, --member and --output are for one job, not for {len(jobs)}")
    return jobs[0]


async def _list(session: Session, orchestrator: Orchestrator, job: JobView) -> None:
    files = await orchestrator.files(job.id)
    session.output.table(COLUMNS, files.items, document=files, ids=lambda _: job.id)


async def _write_member(
    orchestrator: Orchestrator, job: JobView, member: str, output: str | None
) -> None:
    async with orchestrator.read_file(job.id, member) as chunks:
        with nullcontext(sys.stdout.buffer) if output in {None, "-"} else _new(output) as file:
            async for chunk in chunks:
                file.write(chunk)
            file.flush()


async def _write_archive(
    session: Session, orchestrator: Orchestrator, job: JobView, output: str, download: Download
) -> None:
    with TemporaryDirectory(prefix="joborch-") as directory, Bar(session.output, "↓") as bar:
        archive = Path(directory) / "results.zip" if output == "-" else Path(output)
        if download.is_partial:
            await orchestrator.download_partial(job.id, archive)
        else:
            await orchestrator.download(job.id, archive, on_progress=bar.move)
        if output == "-":
            with archive.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def _new(output: str | None) -> AbstractContextManager[BinaryIO]:
    return Path(output or "-").open("wb")
