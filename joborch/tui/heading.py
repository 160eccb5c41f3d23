"""What the first lines say: the server, the counts by state, and what is used of one's quota."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.cells import cell_len

from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.tui.formatting import clock, count, short, spark
from joborch.tui.health import STALE, how_many_up
from joborch.tui.lines import NORMAL, NOT_KEPT, QUIET, WIDE
from joborch.tui.look import Look
from joborch.tui.picture import LinkState, Picture
from joborch.tui.site_lines import gauge
from joborch.tui.widgets.lines import Part
from joborch.wire.services import UsageView

_ALWAYS = (JobState.QUEUED, "held", JobState.ASSIGNED, JobState.RUNNING)
_ENDED = (
    JobState.COMPLETED,
    JobState.FAILED,
    JobState.TIMED_OUT,
    JobState.CANCELLED,
    JobState.INVALID,
    JobState.LOST,
)
_NO_ROOM = {"low": "no submissions", "full": "no submissions, no results"}
"""What the server refuses, by what it says of its disk."""
Tile = tuple[Part, str]
"""A text, and the state whose jobs a click on it asks for; empty if it is no state's."""


def header(
    picture: Picture,
    look: Look,
    server: str,
    width: int,
    *,
    now: datetime | None = None,
    has_pace: bool = False,
) -> list[Part]:
    """Say which server, whether what is shown is so, for whom, and what time it is.

    With ``has_pace`` also how much is done, where no other line says it.
    """
    now = now or look.now()
    place = one_line(server.removeprefix("http://"))
    profile = f"  {one_line(look.profile)}" if look.profile else ""
    left: list[Part] = [(" joborch top", "bold"), f"{profile}  {place}  "]
    left += _link(picture, look, now)
    if width >= NORMAL and picture.happened and picture.is_live and not picture.pause:
        left.append((f" {look.glyphs.dot} seq {count(picture.happened[-1].seq)}", QUIET))
    left.append(f"  as {one_line(look.user_id)}")
    if look.is_read_only:
        left.append(("  read-only", "bold"))
    day = f"{now.astimezone():%a %d %b }" if width >= NORMAL else ""
    right = f"{day}{now.astimezone():%H:%M:%S %Z} "
    gap = width - _cells(left) - len(right)
    if gap <= 0:
        return left
    told = paces(picture, look) if has_pace else ()
    pace = next((text for text in told if cell_len(text) + 4 <= gap), "")
    return [*left, f"  {pace}".ljust(gap), right]


def tiles(picture: Picture, look: Look, width: int) -> list[Tile]:
    """Count jobs by state, with the pace and the agents, in as many words as there is room for."""
    found: list[Tile] = [(" ", "")]
    if picture.is_blank:
        return found
    waits = [*_waits(picture)] if width >= NORMAL else []
    for has_words in (True, False) if width >= WIDE else (False,):
        for told in _told([*paces(picture, look)], waits):
            found = _tiles(picture, look, told, has_words=has_words)
            if _cells([part for part, _ in found]) < width:
                return found
    return found


def tally(picture: Picture, look: Look, width: int) -> list[Part]:
    """Return the tiles' texts."""
    return [part for part, _ in tiles(picture, look, width)]


def paces(picture: Picture, look: Look) -> Iterator[str]:
    """Write how much is done in a minute and when all will be, ever shorter."""
    found = picture.statistics
    if found is None or picture.is_past:
        return
    if picture.is_stale:
        yield f"{STALE}  ETA -"
        return
    ended = [bucket.completed + bucket.failed + bucket.cancelled for bucket in found.buckets]
    drawn = spark(ended, max(ended, default=0), look.glyphs)
    rate = f"{found.per_minute:.1f}/min"
    drain, has_work = found.drain, found.queued + found.active > 0
    if drain is None or not has_work:
        eta = "  ETA unknown" if has_work else ""
        yield f"{rate} {drawn}{eta}"
        yield f"{rate}{eta}"
    else:
        between = f"{short(drain.low_s)} to {short(drain.high_s)}"
        yield f"{rate} {drawn}  ETA {short(drain.expected_s)} ({between})"
        yield f"{rate} {drawn[-8:]}  ETA {short(drain.expected_s)}"
        yield f"{rate}  ETA {short(drain.expected_s)}"
        yield f"ETA {short(drain.expected_s)}"
    yield rate


def own_quota(picture: Picture, look: Look, width: int) -> list[Part]:
    """Draw how much is used of one's own quota, or else of the fullest, and of that service."""
    if picture.is_past:
        return [(f" {NOT_KEPT}", QUIET)]
    own = [used for used in picture.usage if used.user_id == look.user_id]
    used = max(own or picture.usage, key=_fullness, default=None)
    services = {one.name: one for one in picture.services}
    service = services.get(used.service) if used else next(iter(services.values()), None)
    half = width // 2 - 2
    parts: list[Part] = [" "]
    if used:
        who = f"{one_line(used.user_id)}/{one_line(used.service)} "
        parts += [
            who,
            *gauge(used.active, used.limit, used.queued, look, half - cell_len(who), most=10),
        ]
        parts += [" wait"] if used.queued else []
    if service:
        name = f"svc {one_line(service.name)} "
        limit = service.slots if service.max is None else service.max
        room = half - cell_len(name)
        parts += [(f" {look.glyphs.rule} ", QUIET)] if used else []
        parts += [name, *gauge(service.active, limit, service.queued, look, room, most=10)]
        parts += [(" PAUSED", "$warning")] if service.paused else []
    return parts


def _told(paces: Sequence[str], waits: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield what is told beside the states, ever less; first a long pace gives way to waiting."""
    for pace in paces:
        yield from ((pace, wait) for wait in waits)
        if not waits or pace != paces[0]:
            yield (pace,)
    yield ()


def _waits(picture: Picture) -> Iterator[str]:
    """Write how long those that ended lately had waited, ever shorter."""
    found = picture.statistics
    if found is None or picture.is_past or picture.is_stale or found.wait.p50_s is None:
        return
    half = f"p50 wait {short(found.wait.p50_s)}"
    if found.wait.p95_s is not None:
        yield f"{half}  p95 {short(found.wait.p95_s)}"
    yield half


def _tiles(picture: Picture, look: Look, told: Sequence[str], *, has_words: bool) -> list[Tile]:
    glyphs, rule = look.glyphs, ((f" {look.glyphs.rule} ", QUIET), "")

    def tile(state: str) -> Tile:
        number, sign = count(picture.states[state]), glyphs.marks[state]
        name = state.replace("_", " ")
        said = f"{sign} {name} {number}" if has_words else f"{sign} {number}"
        return (said, f"$state-{state.replace('_', '-')}"), state

    waiting = [s for s in _ALWAYS if s != "held" or picture.states[s]]
    found: list[Tile] = [(" ", "")]
    for state in waiting:
        found += [tile(state), ("  ", "")]
    found[-1:] = [rule] if any(picture.states[state] for state in _ENDED) else []
    for state in _ENDED:
        if picture.states[state]:
            found += [tile(state), (" ", "")]
    if found[-1] == (" ", ""):
        found.pop()
    if (effect := _NO_ROOM.get(picture.disk)) and picture.is_live:
        said = f"disk {picture.disk}{f': {effect}' if has_words else ''}"
        found += [rule, ((said, "bold $error"), "")]
    for one in told:
        found += [rule, (one, "")]
    return [*found, rule, (f"agents {how_many_up(picture)}", "")]


def _fullness(used: UsageView) -> tuple[float, int]:
    return (used.active / max(used.limit, 1), used.queued)


def _link(picture: Picture, look: Look, now: datetime) -> list[Part]:
    link, glyphs = picture.link, look.glyphs
    parts: list[Part] = []
    if picture.pause:
        parts.append((_paused(picture, look, now), "bold $warning"))
        if link.state is not LinkState.OFFLINE:
            return parts
        parts.append("  ")
    match link.state:
        case LinkState.LIVE:
            took = "" if picture.answer_s is None else f" {picture.answer_s * 1000:.0f} ms"
            parts.append((f"{glyphs.live} live{took}", "$success"))
        case LinkState.LOADING:
            parts.append((f"{glyphs.busy} loading {count(len(picture.jobs))}", "$warning"))
        case LinkState.CONNECTING:
            parts.append((f"{glyphs.busy} connecting{glyphs.more}", "$warning"))
        case LinkState.OFFLINE:
            away_s = (now - link.since).total_seconds() if link.since else 0
            parts.append((f"{glyphs.offline} OFFLINE {clock(away_s)}", "bold $error"))
    return parts


def _paused(picture: Picture, look: Look, now: datetime) -> str:
    """Say that time stands still, or when what is shown was; and how much was missed."""
    pause, sign = picture.pause, look.glyphs.paused
    changes = f"{count(picture.withheld)} change{'' if picture.withheld == 1 else 's'}"
    if pause is None or pause.moment is None:
        return f"{sign} paused {look.glyphs.dot} {changes}"
    at, today = pause.moment.at.astimezone(), now.astimezone().date()
    when = f"{at:%H:%M:%S}" if at.date() == today else f"{at:%Y-%m-%d %H:%M:%S}"
    missed = f" +{count(picture.withheld)}" if picture.withheld else ""
    return f"{sign} as of {when} (seq {pause.moment.seq}){missed}"


def _cells(parts: list[Part]) -> int:
    return sum(cell_len(part if isinstance(part, str) else part[0]) for part in parts)
