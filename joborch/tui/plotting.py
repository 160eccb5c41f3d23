"""How much a site does, as lines for a person: curves, how long jobs wait and run, and the end."""

import math
from collections.abc import Iterator
from datetime import timedelta

from joborch.domain.text import one_line
from joborch.tui.canvas import Canvas, Graph
from joborch.tui.formatting import ASCII, count, short, spark, time_of_day
from joborch.tui.lines import QUIET
from joborch.tui.look import Look
from joborch.tui.widgets.lines import Part
from joborch.wire.statistics import Bucket, Spread, Statistics

WINDOWS = {
    "15m": (timedelta(minutes=15), 30),
    "1h": (timedelta(hours=1), 60),
    "6h": (timedelta(hours=6), 72),
    "24h": (timedelta(hours=24), 96),
}
"""By name: how long it is, and in how many parts."""
AXIS = 7
"""Cells left of the curves."""
LEAST = 3
WORDS = 8
"""Lines that are not of the plot."""
ENDED, FAILED = "$state-completed", "$state-failed"


def throughput(
    found: Statistics, name: str, look: Look, width: int, height: int
) -> list[list[Part]]:
    """Draw it in so much room."""
    if not (found.submitted or found.completed or found.failed or found.cancelled):
        plot: list[list[Part]] = [[""], [f"Nothing came or ended in the last {name}."], [""]]
        if not (found.queued or found.active):
            plot.append(["joborch submit -s SERVICE -- echo hello"])
    else:
        plot = [*_plot(found, name, look, width, max(height - WORDS, LEAST))]
    return [*plot, [""], *_words(found, look, width)]


def _plot(
    found: Statistics, name: str, look: Look, width: int, height: int
) -> Iterator[list[Part]]:
    buckets, across = _whole(found), max(width - AXIS - 1, 10)
    minutes = found.bucket_s / 60
    failed = [bucket.failed / minutes for bucket in buckets]
    ended = [(bucket.completed + bucket.failed + bucket.cancelled) / minutes for bucket in buckets]
    most = _round_up(max(ended, default=0))
    canvas = Canvas(across, height)
    canvas.draw(ended, most, ENDED)
    if any(failed):
        canvas.draw(failed, most, FAILED, is_dotted=True)
    is_ascii = look.glyphs is ASCII
    rule = "|" if is_ascii else "┤"
    for row, line in enumerate(canvas.lines(Graph.ASCII if is_ascii else look.graph)):
        label = {0: f"{most:g}", height // 2: f"{most / 2:g}", height - 1: "0"}.get(row, "")
        yield [(f"{label:>{AXIS - 1}}{rule if label else look.glyphs.rule}", QUIET), *line]
    middle = f"{'now':>{across - len(name) - 1}}"
    yield [(f"{'':{AXIS}}-{name}{middle}", QUIET)]


def _words(found: Statistics, look: Look, width: int) -> Iterator[list[Part]]:
    line, dots = ("--", "..") if look.glyphs is ASCII else ("──", "··")
    tried = found.completed + found.failed
    share = f" ({100 * found.failed / tried:.1f} % of those tried)" if tried else ""
    ended, failed = f"{found.per_minute:.1f}/min", f"{found.failed * 60 / found.window_s:.1f}/min"
    rest = width - len(f"{line} ended {ended}{dots} failed {failed}")
    yield [
        (f"{line} ended ", ENDED),
        f"{ended}{' ' * max(min(rest, 3), 1)}",
        (f"{dots} failed ", FAILED),
        f"{failed}{share if len(share) + 3 <= rest else ''}",
    ]
    came = [float(bucket.submitted) for bucket in found.buckets]
    room = max(width - len(f"{'submitted':<10}{count(found.submitted)}  "), 0)
    drawn = spark(came[-room:] if room else [], max(came, default=0), look.glyphs)
    yield [(f"{'submitted':<10}", QUIET), f"{count(found.submitted)}  {drawn}"]
    for label, spread in (("wait", found.wait), ("run", found.run)):
        yield [(f"{label:<10}", QUIET), _spread(spread, width - 10)]
    after = f" ({count(found.after)} after others)" if found.after else ""
    held = f", {count(found.held)} held" if found.held else ""
    yield [
        (f"{time_of_day(found.at):<10}", QUIET),
        f"{count(found.queued)} queued{after}, {count(found.active)} active{held}",
    ]
    yield [(f"{'drained':<10}", QUIET), _drain(found, width - 10)]


def _whole(found: Statistics) -> list[Bucket]:
    """Return the buckets that are over: the last one would always seem to fall off."""
    is_over = [
        bucket
        for bucket in found.buckets
        if (found.at - bucket.at).total_seconds() >= found.bucket_s
    ]
    return is_over or found.buckets


def _round_up(most: float) -> float:
    """Return the next number that is round, also when it is halved."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= most)


def _spread(spread: Spread, width: int) -> str:
    """Write what there is room for, and nothing in part."""
    times = {"p50": spread.p50_s, "p95": spread.p95_s, "p99": spread.p99_s}
    known = [f"{name} {short(value):<7}" for name, value in times.items() if value is not None]
    if not known:
        return "no job ended"
    parts = [*known, f"of {count(spread.count)} job{'' if spread.count == 1 else 's'}"]
    while len(said := " ".join(parts).rstrip()) > width:
        parts.pop()
    return said


def _drain(found: Statistics, width: int) -> str:
    drain = found.drain
    if not (found.queued or found.active):
        return "nothing waits and nothing runs"
    if drain is None:
        return one_line(found.drain_reason or "not known")
    between = f"{short(drain.low_s)} to {short(drain.high_s)}"
    said = f"in about {short(drain.expected_s)} ({between})"
    condition = " if nothing else comes"
    return f"{said}{condition}" if len(said) + len(condition) <= width else said
