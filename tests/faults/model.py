"""The life of one job between a server and two agents, small enough to look at every state of it.

Messages may be lost, repeated and overtaken; agents may be rebooted, lose their disks, be copied;
leases may expire at any moment that the rules allow. What keeps this from doing harm are
:class:`Guards`, each of which can be left out. The model knows nothing of joborch's code. What can
happen in it is in ``model_moves``, how all of it is looked at in ``model_search``.

An agent holds one attempt at a time, and a poll ends the one before: its answer is never heard.
A lease's secret is weak here, on purpose: it only tells the offers of one attempt apart.
"""

from dataclasses import dataclass
from typing import NamedTuple

ACTIVE = ("assigned", "running")
TERMINAL = ("completed", "cancelled", "lost")
ENDED = ("completed", "cancelled", "lost")
ALIVE = ("leased", "running")
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
    most_messages: int = 2
    most_offers: int = 2
    """How much there may be of each: more finds nothing more, and takes longer."""


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


def is_current(world: World, number: int) -> bool:
    """Whether the agent's attempt can still be settled by it."""
    is_newest = world.agents[number].attempt == world.attempt and world.last == number
    return is_newest and world.state not in TERMINAL


def has_attempt(agent: Agent, attempt: int) -> bool:
    return agent.phase != "idle" and agent.attempt == attempt


def put_back(world: World) -> World:
    if world.is_cancel_asked:
        return ended(world, "cancelled")
    if not world.attempts_left:
        return ended(world, "lost")
    return ended(world, "queued")


def ended(world: World, state: str) -> World:
    freed = world.slots - (world.state in ACTIVE)
    return world._replace(state=state, holder=None, slots=freed)


def with_agent(world: World, number: int, agent: Agent) -> World:
    agents = (agent, world.agents[1]) if number == 0 else (world.agents[0], agent)
    return world._replace(agents=agents)


def deaf(world: World, number: int) -> World:
    """The answer that is on its way to the agent will not be heard any more."""
    kept = (m for m in world.messages if m.kind != "lease" or m.agent != number)
    return world._replace(messages=frozenset(kept))


def send(world: World, message: Message) -> World:
    """Put a message on its way; where there are too many, it is lost at once."""
    if len(world.messages) >= world.most_messages:
        return world
    return world._replace(messages=world.messages | {message})
