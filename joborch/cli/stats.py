"""``joborch stats``: how much was done, how long it took, and when the queue will be empty."""

from collections.abc import Iterator
from typing import Annotated

import typer

from joborch.cli.exits import UsageError
from joborch.cli.forecasts import in_short
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.cli.times import iso
from joborch.client import Orchestrator
from joborch.domain.durations import format_duration, parse_duration
from joborch.domain.text import one_line
from joborch.wire.statistics import Bucket, Spread, Statistics

EXAMPLES = """
joborch stats
joborch stats --window 1d --service example
joborch stats --json
"""
LEVELS = "▁▂▃▄▅▆▇█"
CELLS = 60


def stats(
    context: typer.Context,
    *,
    window: Annotated[
        str, typer.Option("--window", metavar="DUR", help="How far back, 1m to 7d.")
    ] = "1h",
    service: Annotated[
        str | None, typer.Option("-s", "--service", metavar="NAME", help="Only this one.")
    ] = None,
    buckets: Annotated[
        int, typer.Option("--buckets", metavar="N", min=2, max=240, help="Parts of the window.")
    ] = CELLS,
) -> None:
    """Show the pace, how long jobs wait and run, how many fail, and when the queue is empty.

    A pipe gets what happened in each part of the window.
    """
    session = Session.of(context)
    try:
        span = parse_duration(window)
    except ValueError as error:
        raise UsageError(f"--window {window!r} is {error}") from error

    async def work(server: Orchestrator) -> Statistics:
        return await server.statistics(window=span, buckets=buckets, service=service)

    found = session.run(work)
    if session.output.is_for_programs:
        session.output.table(
            COLUMNS, found.buckets, document=found, ids=lambda bucket: iso(bucket.at) or ""
        )
        return
    for text in _lines(found):
        session.output.line(one_line(text))


def sparkline(buckets: list[Bucket]) -> str:
    """Draw how many jobs ended in each bucket, one character a bucket."""
    ended = [each.completed + each.failed + each.cancelled for each in buckets]
    most = max(ended, default=0)
    return "".join(
        LEVELS[-(-number * len(LEVELS) // most) - 1] if number else " " for number in ended
    )


def _lines(found: Statistics) -> Iterator[str]:
    ended = found.completed + found.failed + found.cancelled
    whose = f" of {found.service}" if found.service else ""
    span, part = format_duration(found.window_s), format_duration(found.bucket_s)
    pace = f"{ended} ended, {found.per_minute:.3g}/min"
    yield f"in {span}{whose}: {found.submitted} submitted · {pace}"
    yield f"ended     │{sparkline(found.buckets)}│ {part} each"
    outcome = f"{found.completed} completed · {_failures(found)}"
    yield f"outcome   {outcome} · {found.cancelled} cancelled"
    yield f"wait      {_spread(found.wait)}"
    yield f"run       {_spread(found.run)}"
    held = f" · {found.held} held" if found.held else ""
    after = f" ({found.after} after others)" if found.after else ""
    yield f"now       {found.queued} queued{after} · {found.active} active{held}"
    yield f"drain     {_drain(found)}"


def _failures(found: Statistics) -> str:
    judged = found.completed + found.failed
    share = f" ({100 * found.failed / judged:.1f}%)" if judged else ""
    return f"{found.failed} failed{share}"


def _spread(spread: Spread) -> str:
    if spread.p50_s is None or spread.p95_s is None or spread.p99_s is None:
        return "nothing ended"
    p50, p95, p99 = map(format_duration, (spread.p50_s, spread.p95_s, spread.p99_s))
    return f"p50 {p50} · p95 {p95} · p99 {p99} ({spread.count} jobs)"


def _drain(found: Statistics) -> str:
    if not found.queued + found.active:
        return "the queue is empty"
    if found.drain is None:
        return f"no estimate: {found.drain_reason}"
    return f"empty in {in_short(found.drain)} at this pace, if nothing else comes"


def _count(name: str) -> Column[Bucket]:
    return Column(
        name=name,
        head=name.upper(),
        text=lambda bucket: str(getattr(bucket, name)),
        raw=lambda bucket: getattr(bucket, name),
        is_right=True,
    )


COLUMNS: list[Column[Bucket]] = [
    Column(name="at", head="AT", text=lambda b: iso(b.at) or "", raw=lambda b: iso(b.at)),
    *map(_count, ("submitted", "completed", "failed", "cancelled")),
]
