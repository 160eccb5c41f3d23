"""How things look as text: glyphs, ages, bars. Everything from jobs comes out fit for a terminal.

A state is shown by a glyph and a letter or word; colour only adds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from joborch.domain.durations import format_duration
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.tui.picture import counted_as
from joborch.wire.jobs import JobView

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """The signs that are drawn; ``ASCII`` has the same in seven bits."""

    marks: Mapping[str, str]
    """By what a job counts as."""
    cleaned: str
    agents: Mapping[str, str]
    full: str
    empty: str
    cursor: str
    live: str
    busy: str
    offline: str
    arrow: str
    up: str
    down: str
    dot: str
    left: str
    right: str
    """There are columns further to that side."""
    folded: str
    """Beside a group whose jobs are not listed; ``down`` is beside one whose jobs are."""
    more: str
    rule: str
    paused: str
    levels: str
    """Of a sparkline, from the lowest to the highest."""


UNICODE = Glyphs(
    marks={
        JobState.QUEUED: "·Q",
        "held": "‖H",
        JobState.ASSIGNED: "»D",
        JobState.RUNNING: "▶R",
        JobState.COMPLETED: "✓C",
        JobState.FAILED: "✗F",
        JobState.TIMED_OUT: "✗T",
        JobState.CANCELLED: "■K",
        JobState.INVALID: "!I",
        JobState.LOST: "?L",
    },
    cleaned="∅X",
    agents={"up": "●", "late": "◐", "draining": "◌", "down": "○"},
    full="█",
    empty="░",
    cursor="▌",
    live="●",
    busy="◐",
    offline="○",
    arrow="→",
    up="▴",
    down="▾",
    dot="·",
    left="◂",
    right="▸",
    folded="▸",
    more="…",
    rule="│",
    paused="⏸",
    levels="▁▂▃▄▅▆▇█",
)
ASCII = Glyphs(
    marks={
        JobState.QUEUED: ".Q",
        "held": "|H",
        JobState.ASSIGNED: ">D",
        JobState.RUNNING: "*R",
        JobState.COMPLETED: "+C",
        JobState.FAILED: "xF",
        JobState.TIMED_OUT: "xT",
        JobState.CANCELLED: "#K",
        JobState.INVALID: "!I",
        JobState.LOST: "?L",
    },
    cleaned="-X",
    agents={"up": "+", "late": "~", "draining": "-", "down": "x"},
    full="#",
    empty=".",
    cursor=">",
    live="*",
    busy="~",
    offline="x",
    arrow="->",
    up="^",
    down="v",
    dot="-",
    left="<",
    right=">",
    folded="+",
    more="~",
    rule="|",
    paused="||",
    levels="_.-=+*%#",
)


def mark(job: JobView, glyphs: Glyphs) -> str:
    """Return a job's state as two characters."""
    if job.results and job.results.removed_at:
        return glyphs.cleaned
    return glyphs.marks[counted_as(job)]


def job_name(job: JobView, width: int | None = None, more: str = "…") -> str:
    """Write what a job is called, with its place in its array, which is there whole where cut."""
    index = "" if job.array_index is None else f"[{job.array_index}]"
    name = one_line(job.name)
    if width is not None and cell_len(name) + len(index) > width:
        name = fit(name, max(width - len(index), 0), more=more)
    return f"{name}{index}"


def fit(text: str, width: int, *, is_right: bool = False, more: str = "…") -> str:
    """Return ``text`` in exactly ``width`` cells, cut with ``more`` if it is longer."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - len(more)) + more if width > len(more) else more[:width]
    padding = " " * (width - length)
    return padding + text if is_right else text + padding


def bar(used: int, limit: int | None, width: int, glyphs: Glyphs) -> str:
    """Draw how much of a limit is used; anything used is at least one cell."""
    if not limit:
        return glyphs.empty * width
    cells = min(width, -(-width * used // limit))
    return glyphs.full * cells + glyphs.empty * (width - cells)


def spark(values: Sequence[float | None], most: float, glyphs: Glyphs) -> str:
    """Draw values up to ``most`` as a line of one cell each; blank where there is none."""
    levels = glyphs.levels
    top = len(levels) - 1

    def level(value: float) -> int:
        share = value / most if most > 0 else 0.0
        return max(min(math.ceil(share * top), top), 0)

    return "".join(" " if value is None else levels[level(value)] for value in values)


def age(at: datetime | None, now: datetime) -> str:
    """Write how long ago something was: ``14m``."""
    return format_duration(int(max((now - at).total_seconds(), 0))) if at else ""


def short_age(at: datetime, now: datetime) -> str:
    """Write it in one unit."""
    text = age(at, now)
    cut = next(i for i, letter in enumerate(text) if letter.isalpha())
    return text[: cut + 1]


def short(seconds: float) -> str:
    """Write a duration in at most two units, and no seconds beside hours: ``42s``, ``1h 5m``."""
    whole = int(max(seconds, 0))
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days}d {hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h {minutes}m" if minutes else f"{hours}h"
    if minutes >= 10 or (minutes and not whole % 60):
        return f"{minutes}m"
    return f"{minutes}m {whole % 60}s" if minutes else f"{whole}s"


def clock(seconds: float) -> str:
    """Write a running time: ``0:41``, ``1:02:07``."""
    minutes, left = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def time_of_day(at: datetime) -> str:
    """Write a moment of today in the local zone."""
    return f"{at.astimezone():%H:%M:%S}"


def moment(at: datetime) -> str:
    """Write a moment with its zone."""
    shown = at.astimezone()
    return f"{shown:%Y-%m-%d %H:%M:%S} {shown.tzname()}"


def size(size_bytes: int) -> str:
    """Write a size with at most three digits: ``610 KiB``."""
    amount = float(size_bytes)
    for unit in _UNITS:
        if amount < 1000 or unit == _UNITS[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"


def count(number: int) -> str:
    """Write a number with thin groups: ``1 204``."""
    return f"{number:,}".replace(",", " ")


def running_s(job: JobView, now: datetime) -> float | None:
    """Return how long a job has run."""
    if job.started_at is None:
        return None
    return max(((job.finished_at or now) - job.started_at).total_seconds(), 0.0)
