"""``joborch logs``: what a job has written, or what it writes."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from joborch.cli import outcome
from joborch.cli.exits import INTERRUPTED, UsageError
from joborch.cli.filtering import Where
from joborch.cli.follow import follow, tell_ends, writer
from joborch.cli.selection import select_one
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.text import sanitize
from joborch.wire.events import LogText

EXAMPLES = """
joborch logs 42
joborch logs -f last
joborch logs 42 --stderr-only -n all -o err.txt
"""


def logs(
    context: typer.Context,
    *,
    selector: Annotated[str | None, typer.Argument(metavar="[SELECTOR]")] = None,
    where: Where = None,
    follows: Annotated[bool, typer.Option("-f", "--follow", help="Until the job ends.")] = False,
    lines: Annotated[
        str, typer.Option("-n", "--lines", metavar="N|all", help="How many of the last lines.")
    ] = "100",
    stdout_only: Annotated[bool, typer.Option("--stdout-only", help="Not stderr.")] = False,
    stderr_only: Annotated[bool, typer.Option("--stderr-only", help="Not stdout.")] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Control sequences too, even on a terminal.")
    ] = False,
    target: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there.")
    ] = None,
) -> None:
    """Show what a job writes: its stdout on stdout, its stderr on stderr."""
    session = Session.of(context)
    streams = _streams(stdout_only=stdout_only, stderr_only=stderr_only)
    tail = _tail(lines)
    if follows and target:
        raise UsageError("--follow writes to stdout: redirect it instead of --output")

    async def work(orchestrator: Orchestrator) -> int:
        job = await select_one(
            selector, session=session, orchestrator=orchestrator, where=where, default="last"
        )
        if follows:
            job = await follow(session, orchestrator, job.id, streams=streams, is_raw=raw)
            tell_ends(session, [job])
            return outcome.exit_code([job])
        texts = {s: await orchestrator.log(job.id, stream=s, tail=tail) for s in streams}
        if target:
            Path(target).write_bytes(b"".join(texts.values()))  # noqa: ASYNC240 - nothing else runs
        else:
            _show_all(session, job.id, texts, is_raw=raw)
        return 0

    try:
        code = session.run(work)
    except KeyboardInterrupt:
        session.output.note("\nDetached. The job goes on.")
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


def _show_all(session: Session, job_id: int, texts: Mapping[str, bytes], *, is_raw: bool) -> None:
    if session.output.is_json or session.options.quiet > 1:
        tell = writer(session, job_id, is_raw=is_raw)
        for stream, text in texts.items():
            tell(LogText(stream=stream, offset=0, text=text.decode(errors="replace")))
        return
    for stream, text in texts.items():
        _show(stream, text, is_raw=is_raw)


def _show(stream: str, text: bytes, *, is_raw: bool) -> None:
    file = sys.stderr if stream == "stderr" else sys.stdout
    if file.isatty() and not is_raw:
        file.write(sanitize(text.decode(errors="replace")))
        file.flush()
        return
    file.flush()
    file.buffer.write(text)
    file.buffer.flush()
