"""``joborch logs``: what a job has written, or what it writes."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from joborch.cli import exits, outcome
from joborch.cli.detaching import tell_detached
from joborch.cli.exits import INTERRUPTED, UsageError
from joborch.cli.filtering import Where
from joborch.cli.follow import LOG_FIELDS, follow, tell_ends, writer
from joborch.cli.prefixes import prefixed_bytes
from joborch.cli.selection import select
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.errors import JoborchError
from joborch.domain.text import sanitize
from joborch.wire.events import LogText
from joborch.wire.jobs import JobView

EXAMPLES = """
joborch logs 42
joborch logs -f last
joborch logs b-31 --stderr-only -n 5   the ends of all, each line with its job's id
joborch logs 42 --stderr-only -n all -o err.txt
"""
MOST_FOLLOWED = 20
"""Each is a connection of its own."""


def logs(
    context: typer.Context,
    *,
    selectors: Annotated[list[str] | None, typer.Argument(metavar="[SELECTOR]...")] = None,
    where: Where = None,
    follows: Annotated[bool, typer.Option("-f", "--follow", help="Until the job ends.")] = False,
    lines: Annotated[
        str, typer.Option("-n", "--lines", metavar="N|all", help="How many of the last lines.")
    ] = "100",
    stdout_only: Annotated[bool, typer.Option("--stdout-only", help="Not stderr.")] = False,
    stderr_only: Annotated[bool, typer.Option("--stderr-only", help="Not stdout.")] = False,
    prefix: Annotated[
        bool | None,
        typer.Option("--prefix/--no-prefix", help="Each line with its job's id; else of several."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Control sequences too, even on a terminal.")
    ] = False,
    target: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there.")
    ] = None,
) -> None:
    """Show what a job writes: its stdout on stdout, its stderr on stderr."""
    session = Session.of(context, fields=LOG_FIELDS)
    streams = _streams(stdout_only=stdout_only, stderr_only=stderr_only)
    tail = _tail(lines)
    if follows and target:
        raise UsageError("--follow writes to stdout: redirect it instead of --output")

    followed: list[int] = []

    async def work(orchestrator: Orchestrator) -> int:
        jobs = await select(
            selectors or [], session=session, orchestrator=orchestrator, where=where, default="last"
        )
        has_prefix = (len(jobs) > 1 if prefix is None else prefix) and not session.output.is_json
        way = _Way(
            session=session,
            orchestrator=orchestrator,
            streams=streams,
            is_raw=raw,
            prefix=has_prefix,
        )
        if follows:
            followed.extend(job.id for job in jobs)
            return await _follow_all(way, jobs)
        if target:
            Path(target).write_bytes(await _all_of(way, jobs, tail))  # noqa: ASYNC240 - nothing else
            return 0
        return await _show_all(way, jobs, tail)

    try:
        code = session.run(work)
    except KeyboardInterrupt:
        if followed:
            tell_detached(session, followed)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(code)


def _streams(*, stdout_only: bool, stderr_only: bool) -> tuple[str, ...]:
    if stdout_only and stderr_only:
        raise UsageError("--stdout-only and --stderr-only exclude each other")
    if stdout_only:
        return ("stdout",)
    return ("stderr",) if stderr_only else ("stdout", "stderr")


def _tail(lines: str) -> int | None:
    if lines == "all":
        return None
    if not lines.isdigit():
        raise UsageError(f"--lines is a number or all, not {lines!r}")
    return int(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How logs are shown, and whence they come."""

    session: Session
    orchestrator: Orchestrator
    streams: tuple[str, ...]
    is_raw: bool
    prefix: bool

    def before(self, job: JobView) -> str:
        """Return what stands before each line."""
        return f"{job.id} " if self.prefix else ""

    async def texts(self, job: JobView, tail: int | None) -> dict[str, bytes]:
        """Return what a job wrote, by stream."""
        log, before = self.orchestrator.log, self.before(job)
        return {
            stream: prefixed_bytes(await log(job.id, stream=stream, tail=tail), before)
            for stream in self.streams
        }


async def _follow_all(way: _Way, jobs: Sequence[JobView]) -> int:
    if len(jobs) > MOST_FOLLOWED:
        raise UsageError(f"{len(jobs)} jobs are too many to follow; at most {MOST_FOLLOWED}")
    logs = [asyncio.create_task(_follow_one(way, job), name=f"log {job.id}") for job in jobs]
    ended = await asyncio.gather(*logs)
    tell_ends(way.session, ended)
    return outcome.exit_code(ended)


async def _follow_one(way: _Way, job: JobView) -> JobView:
    return await follow(
        way.session,
        way.orchestrator,
        job.id,
        streams=way.streams,
        is_raw=way.is_raw,
        prefix=way.before(job),
    )


async def _all_of(way: _Way, jobs: Sequence[JobView], tail: int | None) -> bytes:
    return b"".join([text for job in jobs for text in (await way.texts(job, tail)).values()])


async def _show_all(way: _Way, jobs: Sequence[JobView], tail: int | None) -> int:
    """Show the logs one after the other; one that is not to be had does not keep the others."""
    codes: list[int] = []
    for job in jobs:
        try:
            _show_one(way, job.id, await way.texts(job, tail))
        except JoborchError as error:
            if len(jobs) == 1:
                raise
            codes.append(exits.report(error, as_json=way.session.output.is_json))
    if codes:
        return exits.PARTIAL if len(codes) < len(jobs) else codes[0]
    return 0


def _show_one(way: _Way, job_id: int, texts: Mapping[str, bytes]) -> None:
    if way.session.output.is_json or way.session.options.quiet > 1:
        tell = writer(way.session, job_id, is_raw=way.is_raw)
        for stream, text in texts.items():
            tell(LogText(stream=stream, offset=0, text=text.decode(errors="replace")))
        return
    for stream, text in texts.items():
        _show(stream, text, is_raw=way.is_raw)


def _show(stream: str, text: bytes, *, is_raw: bool) -> None:
    file = sys.stderr if stream == "stderr" else sys.stdout
    if file.isatty() and not is_raw:
        file.write(sanitize(text.decode(errors="replace")))
        file.flush()
        return
    file.flush()
    file.buffer.write(text)
    file.buffer.flush()
