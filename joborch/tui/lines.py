"""What the lines around the tables say; each a list of texts, some with a style."""

import math
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from rich.cells import cell_len

from joborch.client.moments import brief
from joborch.domain.text import one_line
from joborch.tui.formatting import clock, count, job_name, running_s, short
from joborch.tui.look import Look
from joborch.tui.picture import Picture
from joborch.tui.whereabouts import where_or_why
from joborch.tui.whereabouts import words as state_words
from joborch.tui.widgets.lines import Part
from joborch.wire.jobs import JobView

QUIET = "dim"
NORMAL, WIDE = 100, 160
"""Columns from which on there is room for more words, and for a line of their own."""
TABS = ("jobs", "users", "agents", "services", "throughput", "events")
NOT_KEPT, NOT_KNOWN = "not known of the past", "not known yet"


def offline(picture: Picture, look: Look, now: datetime) -> list[Part]:
    """Say how old the picture is, count down to what comes next, and say what is wrong."""
    link, dot = picture.link, f" {look.glyphs.dot} "
    parts = []
    if picture.as_of:
        parts.append(f"data as of {brief(picture.as_of, now)}")
    if link.retry_at:
        left_s = math.ceil((link.retry_at - now).total_seconds())
        parts.append(f"retry in {left_s} s" if left_s > 0 else "trying again")
    parts += [f"{look.keymap.first('app.retry')} retry now", one_line(link.reason)]
    if link.hint and not picture.as_of:
        parts.append(one_line(link.hint))
    return [f" {dot.join(parts)}"]


def with_tabs(left: list[Part], current: str, width: int) -> list[Part]:
    """Put the main screens' keys and names at the right end of a line, where there is room.

    From ``WIDE`` on they are in a line of their own.
    """
    if width >= WIDE:
        return left
    for named in (TABS, (current,)):
        tabs = _tabs(current, named)
        gap = width - _cells(left) - _cells(tabs)
        if gap > 0:
            return [*left, " " * gap, *tabs]
    return left


def standing(current: str, look: Look, *, theme: str, marked: int, width: int) -> list[Part]:
    """Write the main screens, how many jobs are marked, the theme, and whether x does anything."""
    left: list[Part] = [" ", *_tabs(current, TABS)]
    left += [f"  {count(marked)} marked *"] if marked else []
    colours = f"theme {theme}" if look.is_colored else "no colours"
    right = f"{colours} {look.glyphs.dot} {'read-only' if look.is_read_only else 'read-write'}"
    return [*left, (f"{right:>{width - _cells(left) - 1}}", QUIET)]


def selected(job: JobView | None, picture: Picture, look: Look, why: str | None) -> list[Part]:
    """Say of the selected job what its row has no room for."""
    if job is None:
        return [""]
    dot = f" {look.glyphs.dot} "
    parts = [state_words(job)]
    ran = running_s(job, look.now())
    if ran is not None:
        parts[0] += f" {clock(ran)}"
    is_told = why and not picture.is_past
    place = one_line(why or "") if is_told else where_or_why(job, picture, look.glyphs)
    parts += [place] if place else []
    if job.attempt > 1:
        parts.append(f"attempt {job.attempt}/{job.max_attempts}")
    if job.batch:
        parts.append(one_line(job.batch))
    parts += [one_line(f"{key}={value}") for key, value in job.tags.items()]
    return [(f" {job.id} {job_name(job)}", "bold"), dot + dot.join(parts)]


def warnings(picture: Picture, look: Look) -> Iterator[list[Part]]:
    """Say of each silent agent when the server takes its jobs from it."""
    if not picture.is_connected:
        return
    for agent in picture.agents:
        if agent.requeue_at is not None:
            left_s = math.ceil((agent.requeue_at - look.now()).total_seconds())
            when = f"in {short(left_s)}" if left_s > 0 else "now"
            whose = f"! {one_line(agent.name)} is {one_line(agent.state)}:"
            jobs = "its job requeues" if agent.active == 1 else f"its {agent.active} jobs requeue"
            yield [(f"{whose} {jobs} {when}", "$state-down")]


def _tabs(current: str, named: Collection[str]) -> list[Part]:
    """Write the main screens' keys, and the names of some."""
    tabs: list[Part] = []
    for key, name in enumerate(TABS, 1):
        text = f"{key} {name.capitalize()}" if name in named else f"{key}"
        tabs += [(text, "bold reverse") if name == current else (text, QUIET), " "]
    return tabs


def _cells(parts: Iterable[Part]) -> int:
    return sum(cell_len(part if isinstance(part, str) else part[0]) for part in parts)
