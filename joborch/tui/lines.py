"""What the lines around the tables say; each a list of texts, some with a style."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.cells import cell_len

from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.tui.formatting import (
    bar,
    clock,
    count,
    fit,
    running_s,
    short,
    spark,
    time_of_day,
    where_or_why,
)
from joborch.tui.formatting import words as state_words
from joborch.tui.look import Look
from joborch.tui.picture import LinkState, Picture
from joborch.tui.widgets.lines import Part
from joborch.wire.jobs import JobView

_TALLY = (
    ("Q", JobState.QUEUED),
    ("H", "held"),
    ("D", JobState.ASSIGNED),
    ("R", JobState.RUNNING),
)
_ENDED = (
    JobState.COMPLETED,
    JobState.FAILED,
    JobState.TIMED_OUT,
    JobState.CANCELLED,
    JobState.INVALID,
    JobState.LOST,
)
QUIET = "dim"
TABS = ("jobs", "users", "agents", "services", "throughput", "events")
NOT_KEPT = "not known of the past"


def header(
    picture: Picture, look: Look, server: str, width: int, *, now: datetime | None = None
) -> list[Part]:
    """Say which server, whether what is shown is so, for whom, how much is done, and the time."""
    now = now or look.now()
    place = one_line(server.removeprefix("http://"))
    left: list[Part] = [(" joborch top", "bold"), f"  {place}  ", *_link(picture, look, now)]
    left.append(f"  as {one_line(look.user_id)}")
    if look.is_read_only:
        left.append(("  read-only", "bold"))
    right = f"{now.astimezone():%H:%M:%S %Z} "
    gap = width - _cells(left) - len(right)
    if gap <= 0:
        return left
    pace = next((text for text in paces(picture, look) if cell_len(text) + 4 <= gap), "")
    return [*left, f"  {pace}".ljust(gap - cell_len(pace) + len(pace)), right]


def offline(picture: Picture, look: Look) -> list[Part]:
    """Say what is wrong with the connection, how old the picture is, and what comes next."""
    link, dot = picture.link, f" {look.glyphs.dot} "
    parts = []
    if picture.as_of:
        parts.append(f"data as of {time_of_day(picture.as_of)}")
    parts += ["r connects now", one_line(link.reason)]
    if link.hint and not picture.as_of:
        parts.append(one_line(link.hint))
    return [f" {dot.join(parts)}"]


def tally(picture: Picture, look: Look) -> list[Part]:
    """Count jobs by state, agents, and what the services have to do."""
    glyphs, rule = look.glyphs, (f" {look.glyphs.rule} ", QUIET)
    parts: list[Part] = [" "]
    for letter, state in _TALLY:
        number = picture.states[state]
        if number or state != "held":
            parts.append((f"{letter} {count(number)}  ", f"$state-{state}"))
    parts[-1] = (parts[-1][0].rstrip(), parts[-1][1])
    ended = [state for state in _ENDED if picture.states[state]]
    if ended:
        parts.append(rule)
    for state in ended:
        text = f"{glyphs.marks[state]} {count(picture.states[state])} "
        parts.append((text if state != ended[-1] else text.rstrip(), f"$state-{_tone(state)}"))
    up = sum(agent.state == "up" for agent in picture.agents)
    parts += [rule, "agents ?" if picture.is_past else f"agents {up}/{len(picture.agents)}"]
    return parts


def paces(picture: Picture, look: Look) -> Iterator[str]:
    """Write how much is done in a minute and when all will be, ever shorter."""
    found = picture.statistics
    if found is None or picture.link.state is LinkState.OFFLINE:
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
    yield rate


def with_tabs(left: list[Part], current: str, width: int) -> list[Part]:
    """Put the main screens' keys and names at the right end of a line, where there is room."""
    for named in (TABS, (current,)):
        tabs: list[Part] = []
        for key, name in enumerate(TABS, 1):
            text = f"{key} {name.capitalize()}" if name in named else f"{key}"
            tabs += [(text, "bold reverse") if name == current else (text, QUIET), " "]
        gap = width - _cells(left) - _cells(tabs)
        if gap > 0:
            return [*left, " " * gap, *tabs]
    return left


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
    return [(f" {job.id} {one_line(job.name)}", "bold"), dot + dot.join(parts)]


def quota_panel(picture: Picture, look: Look, width: int) -> Iterable[list[Part]]:
    """Draw users' quotas, the fullest first, and the services' pools."""
    if picture.is_past:
        yield [(NOT_KEPT, QUIET)]
        return
    used = sorted(picture.usage, key=lambda u: (-u.active / max(u.limit, 1), -u.queued, u.user_id))
    for one in used:
        who = f"{fit(one_line(one.user_id), 10)} {fit(one_line(one.service), 10)} "
        yield [who, *_gauge(one.active, one.limit, one.queued, look, width - cell_len(who))]
    if used:
        yield [""]
    yield [("service pools", QUIET)]
    for service in picture.services:
        name = f"{fit(one_line(service.name), 21)} "
        limit = service.max if service.max is not None else service.slots
        room = width - cell_len(name)
        yield [name, *_gauge(service.active, limit, service.queued, look, room)]


def agent_panel(picture: Picture, look: Look, width: int) -> Iterable[list[Part]]:
    """Draw the agents: health, slots, load."""
    for agent in picture.agents:
        sign = look.glyphs.agents.get(agent.state, "?")
        tone = agent.state if agent.state in look.glyphs.agents else "down"
        slots = agent.capacity.slots
        load = f" cpu {agent.load.cpu_percent:.0f}%" if agent.load and width >= 42 else ""
        cells = max(min(width - 42, 12), 4)
        yield [
            f"{fit(one_line(agent.name), 14)} ",
            (fit(f"{sign} {one_line(agent.state)}", 11), f"$state-{tone}"),
            f"{bar(agent.active, slots, cells, look.glyphs)} {agent.active}/{slots}{load}",
        ]
    if picture.is_past:
        yield [(NOT_KEPT, QUIET)]
    elif not picture.agents:
        yield [("no agent has enrolled yet", QUIET)]
        yield ["joborch agent -s example:4"]


def _gauge(active: int, limit: int, queued: int, look: Look, width: int) -> list[Part]:
    is_full = active >= limit > 0
    waits = f" +{count(queued)}" if queued else ""
    numbers = f" {active}/{limit}{' FULL' if is_full else ''}" if limit else " no agent"
    cells = max(min(width - len(numbers) - len(waits), 20), 4)
    tone = "$state-full" if is_full else "$state-running"
    return [(bar(active, limit, cells, look.glyphs), tone), numbers, waits]


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
            parts.append((f"{glyphs.live} live", "$success"))
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


def _tone(state: JobState) -> str:
    return state.value.replace("_", "-")


def _cells(parts: Iterable[Part]) -> int:
    return sum(cell_len(part if isinstance(part, str) else part[0]) for part in parts)
