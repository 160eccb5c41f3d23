"""The life of one job between a server and two agents, small enough to look at every state of it.

Messages may be lost, repeated and overtaken; agents may be rebooted, lose their disks, be copied;
leases may expire at any moment that the rules allow. What keeps this from doing harm are
:class:`Guards`, each of which can be left out. The model knows nothing of joborch's code.

An agent holds one attempt at a time, and a poll ends the one before: its answer is never heard.
A lease's secret is weak here, on purpose: it only tells the offers of one attempt apart.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

ACTIVE = ("assigned", "running")
TERMINAL = ("completed", "cancelled", "lost")
ENDED = ("completed", "cancelled", "lost")
ALIVE = ("leased", "running")
MOST_OFFERS = 2
MOST_MESSAGES = 2
SLOTS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What keeps two attempts of a job apart. Without any one of them, something goes wrong."""

    attempt: bool = True
    """A report counts only for the newest attempt."""
    token: bool = True
    """A report counts only under the newest offer of its attempt."""
    owner: bool = True
    """A report counts only from the agent that the attempt was given to last."""
    high_water: bool = True
    """An agent never takes an attempt that it has had before."""
    stop_rule: bool = True
    """An agent ends an attempt by itself before the server gives its lease up."""
    lapse: bool = True
    """A lease that has run out on the agent stays so, though the server is heard of again."""
    sink: bool = True
    """What has ended stays as it ended."""
    quota: bool = True
    """A job is given out only while there is a slot for it."""


class Agent(NamedTuple):
    """What an agent has on its disk, and what runs."""

    attempt: int = 0
    offer: int = 0
    phase: str = "idle"
    """``idle``, ``leased``, ``running``, or how the attempt ended, to be reported."""
    mark: int = 0


class Message(NamedTuple):
    """A lease on its way to an agent, or a notice or a report on its way from one."""

    kind: str
    agent: int
    attempt: int
    offer: int
    outcome: str = ""


class World(NamedTuple):
    """Everything there is at one moment."""

    state: str = "queued"
    attempt: int = 0
    attempts_left: int = 3
    holder: int | None = None
    last: int | None = None
    offer: int = 0
    is_cancel_asked: bool = False
    slots: int = 0
    """The counter of the user's slots."""
    has_rival: bool = True
    """Whether another job of the same user, an earlier one, still has a slot."""
    agents: tuple[Agent, Agent] = (Agent(), Agent())
    messages: frozenset[Message] = frozenset()
    wrong: str = ""


Move = tuple[str, World]


@dataclass(frozen=True, slots=True)
class Explored:
    """All that can come about, or the shortest way to something wrong."""

    states: int
    violation: str = ""
    trace: tuple[str, ...] = ()
    stuck: int = 0
    """States from which no end can be reached."""

    def __str__(self) -> str:
        return f"{self.states} states, {self.violation or 'all well'}: {' > '.join(self.trace)}"


def explore(guards: Guards, *, attempts: int = 3) -> Explored:
    """Look at every state that can come about, nearest first, until something is wrong."""
    start = World(attempts_left=attempts)
    came_from: dict[World, tuple[str, World] | None] = {start: None}
    before: dict[World, list[World]] = {start: []}
    waiting = deque([start])
    while waiting:
        world = waiting.popleft()
        if violation := wrong(world):
            return Explored(len(came_from), violation, _trace(world, came_from))
        for name, after in moves(world, guards):
            if after not in came_from:
                came_from[after] = (name, world)
                before[after] = []
                waiting.append(after)
            before[after].append(world)
    return Explored(len(came_from), stuck=len(came_from) - _count_ending(before))


def wrong(world: World) -> str:
    """Say what must never be; empty if all is well."""
    if world.wrong:
        return world.wrong
    if world.slots != (world.state in ACTIVE):
        return "the counter drifted"
    if world.slots + world.has_rival > SLOTS:
        return "more slots than there are"
    for number, agent in enumerate(world.agents):
        has_turn = world.state in ACTIVE and world.holder == number
        if agent.phase == "running" and not (has_turn and agent.attempt == world.attempt):
            return f"attempt {agent.attempt} runs when it is not its turn"
    return ""


def moves(world: World, guards: Guards) -> Iterator[Move]:
    """Everything that can happen next."""
    yield from _server_moves(world, guards)
    for number in (0, 1):
        yield from _poll_moves(world, number)
        yield from _agent_moves(world, number, guards)
        yield from _accidents(world, number)
    for message in world.messages:
        yield from _message_moves(world, message, guards)


def _server_moves(world: World, guards: Guards) -> Iterator[Move]:
    if world.has_rival:
        yield "the rival ends", world._replace(has_rival=False)
    if world.state in TERMINAL:
        return
    asked = world._replace(is_cancel_asked=True)
    yield "cancel", _end(asked, "cancelled") if world.state == "queued" else asked
    is_free = world.slots + world.has_rival < SLOTS
    if world.state == "queued" and (is_free or not guards.quota):
        # The agents are alike: who comes first is called 0.
        yield from (_assign(world, number) for number in ((0, 1) if world.attempt else (0,)))
    if world.state in ACTIVE and _may_expire(world, guards):
        yield "expire", _put_back(_without_old_leases(world, guards))


def _assign(world: World, number: int) -> Move:
    given = world._replace(
        state="assigned",
        attempt=world.attempt + 1,
        attempts_left=world.attempts_left - 1,
        holder=number,
        last=number,
        offer=1,
        slots=world.slots + 1,
    )
    return f"assign to {number}", _send(given, Message("lease", number, given.attempt, 1))


def _may_expire(world: World, guards: Guards) -> bool:
    """Whether the agent's own clock has run out too, if it has one."""
    agent = world.agents[world.holder or 0]
    if not guards.stop_rule or agent.attempt != world.attempt:
        return True
    return agent.phase not in ALIVE or (not guards.lapse and agent.phase == "leased")


def _without_old_leases(world: World, guards: Guards) -> World:
    """An answer counts from when it was asked for: a lease that comes too late starts nothing."""
    if not guards.stop_rule:
        return world
    kept = (m for m in world.messages if m.kind != "lease" or m.attempt != world.attempt)
    return world._replace(messages=frozenset(kept))


def _poll_moves(world: World, number: int) -> Iterator[Move]:
    """The agent asks, and the server compares what it has with what it should have."""
    agent = world.agents[number]
    if agent.phase != "idle" and not _is_current(world, number):
        yield f"stop {number}", _with(world, number, agent._replace(phase="idle"))
    if world.holder != number or _has(agent, world.attempt):
        return
    heard = _deaf(world, number)
    if world.state == "running" or world.is_cancel_asked:
        yield f"put back, {number} lost it", _put_back(heard)
    elif world.offer < MOST_OFFERS:
        again = heard._replace(offer=world.offer + 1)
        lease = Message("lease", number, again.attempt, again.offer)
        yield f"offer to {number} again", _send(again, lease)


def _agent_moves(world: World, number: int, guards: Guards) -> Iterator[Move]:
    agent = world.agents[number]

    def becomes(phase: str) -> World:
        return _with(world, number, agent._replace(phase=phase))

    if agent.phase == "leased":
        notice = Message("start", number, agent.attempt, agent.offer)
        yield f"{number} starts {agent.attempt}", _send(becomes("running"), notice)
    if agent.phase == "running":
        yield f"{number} is done with {agent.attempt}", becomes("completed")
    if agent.phase in ALIVE:
        if guards.stop_rule:
            yield f"{number} stops {agent.attempt}, not hearing of the server", becomes("lost")
        if world.is_cancel_asked and world.holder == number and agent.attempt == world.attempt:
            yield f"{number} cancels {agent.attempt}", becomes("cancelled")
    if agent.phase in ENDED:
        report = Message("report", number, agent.attempt, agent.offer, agent.phase)
        yield f"{number} reports {agent.attempt} {agent.phase}", _send(world, report)


def _accidents(world: World, number: int) -> Iterator[Move]:
    agent = world.agents[number]
    if agent.phase in ALIVE:
        rebooted = _with(world, number, agent._replace(phase="lost"))
        yield f"{number} is rebooted", _deaf(rebooted, number)
        copied = Message("report", 1 - number, agent.attempt, agent.offer, "lost")
        yield f"{number} is copied, and the copy reports as {1 - number}", _send(world, copied)
    if agent != Agent():
        yield f"{number} loses its disk", _deaf(_with(world, number, Agent()), number)


def _message_moves(world: World, message: Message, guards: Guards) -> Iterator[Move]:
    gone = world._replace(messages=world.messages - {message})
    what = f"{message.kind} of {message.agent} for {message.attempt}/{message.offer}"
    yield f"lose {what}", gone
    arrive = _ARRIVALS[message.kind]
    for name, after in ((what, gone), (f"{what}, to come again", world)):
        yield name, arrive(after, message, guards)
    if message.kind == "report":
        yield f"{what}, acknowledged", _acknowledged(arrive(gone, message, guards), message)


def _lease_arrives(world: World, message: Message, guards: Guards) -> World:
    agent = world.agents[message.agent]
    if _has(agent, message.attempt):
        return _with(world, message.agent, agent._replace(offer=message.offer))
    if guards.high_water and message.attempt <= agent.mark:
        return _send(world, message._replace(kind="report", outcome="lost"))
    mark = max(agent.mark, message.attempt)
    taken = Agent(message.attempt, message.offer, "leased", mark)
    return _with(world, message.agent, taken)


def _start_arrives(world: World, message: Message, guards: Guards) -> World:
    counts = world.state == "assigned" and _is_fenced_in(world, message, guards)
    return world._replace(state="running") if counts else world


def _report_arrives(world: World, message: Message, guards: Guards) -> World:
    if not _is_fenced_in(world, message, guards):
        return world
    if world.state in TERMINAL:
        return world if guards.sink else _relabelled(world, message)
    if message.attempt != world.attempt:
        return world._replace(wrong=f"attempt {message.attempt} counts, the newest is another")
    if message.outcome == "completed":
        return _end(world, "completed")
    return _put_back(world) if world.state in ACTIVE else world


_ARRIVALS: dict[str, Callable[[World, Message, Guards], World]] = {
    "lease": _lease_arrives,
    "start": _start_arrives,
    "report": _report_arrives,
}


def _is_fenced_in(world: World, message: Message, guards: Guards) -> bool:
    return (
        (message.attempt == world.attempt or not guards.attempt)
        and (message.offer == world.offer or not guards.token)
        and (message.agent == world.last or not guards.owner)
    )


def _relabelled(world: World, message: Message) -> World:
    if message.outcome == world.state:
        return world
    return world._replace(wrong=f"a job that was {world.state} became {message.outcome}")


def _acknowledged(world: World, message: Message) -> World:
    agent = world.agents[message.agent]
    if agent.phase not in ENDED or agent.attempt != message.attempt:
        return world
    return _with(world, message.agent, agent._replace(phase="idle"))


def _is_current(world: World, number: int) -> bool:
    """Whether the agent's attempt can still be settled by it."""
    is_newest = world.agents[number].attempt == world.attempt and world.last == number
    return is_newest and world.state not in TERMINAL


def _has(agent: Agent, attempt: int) -> bool:
    return agent.phase != "idle" and agent.attempt == attempt


def _put_back(world: World) -> World:
    if world.is_cancel_asked:
        return _end(world, "cancelled")
    if not world.attempts_left:
        return _end(world, "lost")
    return _end(world, "queued")


def _end(world: World, state: str) -> World:
    freed = world.slots - (world.state in ACTIVE)
    return world._replace(state=state, holder=None, slots=freed)


def _with(world: World, number: int, agent: Agent) -> World:
    agents = (agent, world.agents[1]) if number == 0 else (world.agents[0], agent)
    return world._replace(agents=agents)


def _deaf(world: World, number: int) -> World:
    """The answer that is on its way to the agent will not be heard any more."""
    kept = (m for m in world.messages if m.kind != "lease" or m.agent != number)
    return world._replace(messages=frozenset(kept))


def _send(world: World, message: Message) -> World:
    """Put a message on its way; where there are too many, it is lost at once."""
    if len(world.messages) >= MOST_MESSAGES:
        return world
    return world._replace(messages=world.messages | {message})


def _trace(world: World, came_from: dict[World, tuple[str, World] | None]) -> tuple[str, ...]:
    names = []
    while step := came_from[world]:
        name, world = step
        names.append(name)
    return tuple(reversed(names))


def _count_ending(before: dict[World, list[World]]) -> int:
    """Count the states from which an end can be reached."""
    ending = {world for world in before if world.state in TERMINAL}
    waiting = list(ending)
    while waiting:
        for world in before[waiting.pop()]:
            if world not in ending:
                ending.add(world)
                waiting.append(world)
    return len(ending)
