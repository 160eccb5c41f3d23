"""What the panels about the site say: quotas and whose turn it is, agents and their slots."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from joborch.domain.text import one_line
from joborch.tui.formatting import bar, count, fit, short_age, spark
from joborch.tui.health import health, tone
from joborch.tui.lines import NOT_KEPT, NOT_KNOWN, QUIET, warnings
from joborch.tui.look import Look
from joborch.tui.picture import Picture
from joborch.tui.widgets.lines import Part
from joborch.wire.agents import AgentView
from joborch.wire.services import ServiceView, UsageView
from joborch.wire.waiting import Turn

_FREES = {
    "quota_service": "when {service} has room",
    "agent_full": "when an agent has room",
    "next": "now",
    "quota_user": "when one of {user_id}'s ends",
    "batch_limit": "when one of its batch ends",
    "service_paused": "once {service} is resumed",
    "no_agent": "once an agent offers {service}",
}
"""What the first of a line waits for, the likely to end soonest first."""
MOST_CELLS = 10
"""For a name."""
_OWN_DOING = 3
"""So many of them are nothing that another user's job would have to wait for as well."""


def quota_panel(picture: Picture, look: Look, width: int, height: int) -> Iterable[list[Part]]:
    """Draw users' quotas, the fullest first, the services' pools, and say who is next."""
    if picture.is_past or picture.is_blank:
        yield [(NOT_KEPT if picture.is_past else NOT_KNOWN, QUIET)]
        return
    used = sorted(picture.usage, key=lambda u: (-u.active / max(u.limit, 1), -u.queued, u.user_id))
    services = picture.services
    turns = [*_next_up(picture.turns, look, width)] if picture.turns else []
    room = max(height - len(services) - 1 - len(turns), 2)
    cells = _cells([u.user_id for u in used]), _cells([one.name for one in services])
    yield from _shown([_quota(one, look, width, cells) for one in used], room)
    if used and len(used) < room:
        yield [""]
    yield [("service pools", QUIET)]
    for service in services:
        yield _pool(service, look, width, sum(cells) + 1)
    yield from turns


def agent_panel(picture: Picture, look: Look, width: int, height: int) -> Iterable[list[Part]]:
    """Draw the agents: health, slots and load; what they offer, where there is room; all slots."""
    warned = [line for one in warnings(picture, look) for line in _folded(one, width)]
    agents = picture.agents
    room = max(height - len(warned) - 1, 2)
    has_details = 2 * len(agents) <= room and not picture.is_past
    newest = max((_numbers(agent.version) for agent in agents), default=())
    drawn: list[list[Part]] = []
    for agent in agents:
        drawn.append(_agent(agent, picture, look, width))
        if has_details:
            drawn.append(_details(agent, look, is_old=_numbers(agent.version) < newest))
    yield from _shown(drawn, room)
    if picture.is_past:
        yield [(NOT_KEPT, QUIET)]
    elif picture.is_blank:
        yield [(NOT_KNOWN, QUIET)]
    elif agents:
        yield _slots(agents, look, width)
    else:
        yield [("no agent has enrolled yet", QUIET)]
        yield ["joborch agent -s example:4"]
    yield from warned


def gauge(
    active: int, limit: int, queued: int, look: Look, width: int, *, most: int = 20
) -> list[Part]:
    """Draw how much is used of a limit, and how many wait."""
    is_full = active >= limit > 0
    waits = f" +{count(queued)}" if queued else ""
    numbers = f" {active}/{limit}{' FULL' if is_full else ''}" if limit else " no agent"
    cells = max(min(width - len(numbers) - len(waits), most), 4)
    tone = "$state-full" if is_full else "$state-running"
    return [(bar(active, limit, cells, look.glyphs), tone), numbers, waits]


def _quota(one: UsageView, look: Look, width: int, cells: tuple[int, int]) -> list[Part]:
    who = f"{fit(one_line(one.user_id), cells[0])} {fit(one_line(one.service), cells[1])} "
    return [who, *gauge(one.active, one.limit, one.queued, look, width - cell_len(who))]


def _pool(service: ServiceView, look: Look, width: int, cells: int) -> list[Part]:
    name = f"{fit(one_line(service.name), cells)} "
    limit = service.max if service.max is not None else service.slots
    paused: list[Part] = [(" PAUSED", "$warning")] if service.paused else []
    room = width - cell_len(name) - 7 * len(paused)
    return [name, *gauge(service.active, limit, service.queued, look, room), *paused]


def _next_up(turns: Sequence[Turn], look: Look, width: int) -> Iterator[list[Part]]:
    """Say which job starts next, and when; and in which order the users have their turns."""
    ranks = {reason: min(place // _OWN_DOING, 1) for place, reason in enumerate(_FREES)}
    first = min(turns, key=lambda turn: ranks.get(turn.reason, 2))
    when = _FREES.get(first.reason, "").format(
        service=one_line(first.service), user_id=one_line(first.user_id)
    )
    who = f"{first.job_id} ({one_line(first.user_id)})"
    if len(f"next up: {who} {when}") <= width:
        yield [("next up: ", QUIET), f"{who} {when}"]
    else:
        yield [("next up: ", QUIET), who]
        yield [f"         {when}"]
    users = dict.fromkeys(one_line(turn.user_id) for turn in turns)
    if len(users) > 1:
        yield [("in turn: ", QUIET), f" {look.glyphs.arrow} ".join(users)]


def _agent(agent: AgentView, picture: Picture, look: Look, width: int) -> list[Part]:
    style = QUIET if picture.is_stale else f"$state-{tone(agent, picture, look.glyphs)}"
    slots = agent.capacity.slots
    taken = f"{bar(agent.active, slots, 4, look.glyphs)} {agent.active}/{slots}"
    cells = min(width - 29 - cell_len(taken), 16)
    load = spark(picture.trends.of(agent.id, cells, look.now()), 1.0, look.glyphs) if cells else ""
    cpu = f" {agent.load.cpu_percent:.0f}%" if agent.load and width >= 50 else ""
    name = fit(one_line(agent.name), max(min(width - 12 - cell_len(taken), 14), 6))
    return [
        f"{name} ",
        (fit(health(agent, picture, look.glyphs), 11), style),
        f"{taken} {load}{cpu}",
    ]


def _details(agent: AgentView, look: Look, *, is_old: bool) -> list[Part]:
    dot = f" {look.glyphs.dot} "
    offers = " ".join(f"{name}:{slots}" for name, slots in agent.services.items())
    old = " (old)" if is_old else ""
    seen = f"seen {short_age(agent.seen_at, look.now())} ago"
    return [(f"  {dot.join((one_line(offers), f'{one_line(agent.version)}{old}', seen))}", QUIET)]


def _slots(agents: Sequence[AgentView], look: Look, width: int) -> list[Part]:
    """Add up all slots; free are those of the agents that are up."""
    total = sum(agent.capacity.slots for agent in agents)
    used = sum(agent.active for agent in agents)
    up = [agent for agent in agents if agent.state == "up"]
    free = sum(max(agent.capacity.slots - agent.active, 0) for agent in up)
    numbers = f" {used}/{total} {look.glyphs.dot} {free} free"
    cells = max(min(width - 6 - cell_len(numbers), 20), 4)
    return [("slots ", QUIET), f"{bar(used, total, cells, look.glyphs)}{numbers}"]


def _shown(drawn: Sequence[list[Part]], room: int) -> Iterator[list[Part]]:
    """Yield what there is room for, and say how much there is not."""
    if len(drawn) <= room:
        yield from drawn
        return
    yield from drawn[: room - 1]
    yield [(f"and {len(drawn) - room + 1} more", QUIET)]


def _folded(parts: list[Part], width: int) -> Iterator[list[Part]]:
    """Put what comes after a colon into a line of its own, if there is no room for both."""
    for text, style in (part if isinstance(part, tuple) else (part, "") for part in parts):
        first, colon, rest = text.partition(": ")
        if cell_len(text) <= width or not colon:
            yield [(text, style)]
        else:
            yield [(f"{first}:", style)]
            yield [(f"  {rest}", style)]


def _cells(names: Iterable[str]) -> int:
    """Return how wide a column of names is."""
    return min(max((cell_len(one_line(name)) for name in names), default=0), MOST_CELLS)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d{1,9}", version))
