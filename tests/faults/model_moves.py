"""Everything that can happen next in the model: to the server, to agents, and to messages."""

from collections.abc import Callable, Iterator

from tests.faults.model import (
    ACTIVE,
    ALIVE,
    ENDED,
    SLOTS,
    TERMINAL,
    Agent,
    Guards,
    Message,
    World,
    deaf,
    ended,
    has_attempt,
    is_current,
    put_back,
    send,
    with_agent,
)

Move = tuple[str, World]


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
    yield "cancel", ended(asked, "cancelled") if world.state == "queued" else asked
    is_free = world.slots + world.has_rival < SLOTS
    if world.state == "queued" and (is_free or not guards.quota):
        # The agents are alike: who comes first is called 0.
        yield from (_assign(world, number) for number in ((0, 1) if world.attempt else (0,)))
    if world.state in ACTIVE and _may_expire(world, guards):
        yield "expire", put_back(_without_old_leases(world, guards))


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
    return f"assign to {number}", send(given, Message("lease", number, given.attempt, 1))


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
    if agent.phase != "idle" and not is_current(world, number):
        yield f"stop {number}", with_agent(world, number, agent._replace(phase="idle"))
    if world.holder != number or has_attempt(agent, world.attempt):
        return
    heard = deaf(world, number)
    if world.state == "running" or world.is_cancel_asked:
        yield f"put back, {number} lost it", put_back(heard)
    elif world.offer < world.most_offers:
        again = heard._replace(offer=world.offer + 1)
        lease = Message("lease", number, again.attempt, again.offer)
        yield f"offer to {number} again", send(again, lease)


def _agent_moves(world: World, number: int, guards: Guards) -> Iterator[Move]:
    agent = world.agents[number]

    def becomes(phase: str) -> World:
        return with_agent(world, number, agent._replace(phase=phase))

    if agent.phase == "leased":
        notice = Message("start", number, agent.attempt, agent.offer)
        yield f"{number} starts {agent.attempt}", send(becomes("running"), notice)
    if agent.phase == "running":
        yield f"{number} is done with {agent.attempt}", becomes("completed")
    if agent.phase in ALIVE:
        if guards.stop_rule:
            yield f"{number} stops {agent.attempt}, not hearing of the server", becomes("lost")
        if world.is_cancel_asked and world.holder == number and agent.attempt == world.attempt:
            yield f"{number} cancels {agent.attempt}", becomes("cancelled")
    if agent.phase in ENDED:
        report = Message("report", number, agent.attempt, agent.offer, agent.phase)
        yield f"{number} reports {agent.attempt} {agent.phase}", send(world, report)


def _accidents(world: World, number: int) -> Iterator[Move]:
    agent = world.agents[number]
    if agent.phase in ALIVE:
        rebooted = with_agent(world, number, agent._replace(phase="lost"))
        yield f"{number} is rebooted", deaf(rebooted, number)
        copied = Message("report", 1 - number, agent.attempt, agent.offer, "lost")
        yield f"{number} is copied, and the copy reports as {1 - number}", send(world, copied)
    if agent != Agent():
        yield f"{number} loses its disk", deaf(with_agent(world, number, Agent()), number)


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
    if has_attempt(agent, message.attempt):
        return with_agent(world, message.agent, agent._replace(offer=message.offer))
    if guards.high_water and message.attempt <= agent.mark:
        return send(world, message._replace(kind="report", outcome="lost"))
    mark = max(agent.mark, message.attempt)
    taken = Agent(message.attempt, message.offer, "leased", mark)
    return with_agent(world, message.agent, taken)


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
        return ended(world, "completed")
    return put_back(world) if world.state in ACTIVE else world


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
    return with_agent(world, message.agent, agent._replace(phase="idle"))
