"""``joborch agents``: which there are, how they are, to keep them free, and to forget them."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from joborch.cli.exits import UsageError
from joborch.cli.fields import fields_of
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.cli.times import age, iso
from joborch.client import Orchestrator
from joborch.domain.text import one_line
from joborch.wire.agents import AgentList, AgentView

EXAMPLES = """
joborch agents
joborch agents compute-1 --json
joborch agents drain compute-1 --wait
joborch agents resume compute-1
joborch agents rm compute-1
"""
ACTIONS = {"drain": "drain", "resume": "resume", "rm": "go"}
"""What an agent is to do then, in words."""
FIELDS = (*fields_of(AgentView), "cpu_percent")
MARKS = {"up": "● up", "late": "◐ late", "draining": "◌ draining", "down": "○ down"}
LOOK_S = 1.0
"""How often it looks whether the jobs of a draining agent have ended."""
COLORS = {"up": "green", "late": "yellow", "draining": "cyan", "down": "red"}


def agents(
    context: typer.Context,
    *,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[drain|resume|rm] [NAME]...")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until what drains holds no job.")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
) -> None:
    """Show agents; drain one, so that it is given no new jobs and its host can be worked on.

    One that is down and holds no job can be removed with `rm`. Jobs that it ran keep its name; if
    it comes back, it is taken for a new one.
    """
    action, names = _read(words or [])
    session = Session.of(context, fields=FIELDS if action else None)
    if wait and action != "drain":
        raise UsageError("--wait is for draining", hint="joborch agents drain NAME --wait")
    if action == "rm":
        _remove(session, names, is_yes=yes)
        return

    async def work(server: Orchestrator) -> list[AgentView]:
        if action is not None:
            for name in names:
                await server.agent(name)  # all of them, or none
            changed = [await server.drain(name, on=action == "drain") for name in names]
            return await _emptied(session, server, names) if wait else changed
        if names:
            return [await server.agent(name) for name in names]
        return (await server.agents()).items

    found = session.run(work)
    _show(session, found)
    if not found:
        command = f"joborch agent --server {session.settings.server} --service example:4"
        session.output.hint(f"no agent has enrolled yet: {command}")


def _show(session: Session, found: list[AgentView]) -> None:
    session.output.table(
        _columns(session.now), found, document=AgentList(items=found), ids=lambda agent: agent.name
    )


def _remove(session: Session, names: list[str], *, is_yes: bool) -> None:
    """Ask, and have the server forget an agent; it is shown as it was."""
    if len(names) > 1:
        raise UsageError("one agent at a time", hint=f"joborch agents rm {names[0]}")
    name = names[0]
    session.run(lambda server: server.agent(name))
    session.confirm(f"Forget the agent {one_line(name)} for good?", is_yes=is_yes, typed=name)
    removed = session.run(lambda server: server.remove_agent(name))
    if session.output.is_for_programs:
        _show(session, [removed])
    else:
        known_as = f"{one_line(removed.name)} ({removed.id})"
        session.output.line(f"Removed the agent {known_as}; jobs that it ran keep its name.")


def _read(words: list[str]) -> tuple[str | None, list[str]]:
    if not words or words[0] not in ACTIONS:
        return None, words
    if len(words) == 1:
        raise UsageError(
            f"which agent is to {ACTIONS[words[0]]}?", hint=f"joborch agents {words[0]} NAME"
        )
    return words[0], words[1:]


async def _emptied(session: Session, server: Orchestrator, names: list[str]) -> list[AgentView]:
    """Wait until agents hold no jobs, saying how many are left whenever that changes."""
    told = 0
    while True:
        every = (await server.agents()).items
        found = [agent for agent in every if {agent.id, agent.name} & set(names)]
        left = sum(agent.active for agent in found)
        if not left:
            return found
        if left != told and session.output.tells_progress:
            session.output.note(f"waits for {left} job{'s' if left > 1 else ''}")
        told = left
        await asyncio.sleep(LOOK_S)


def _columns(now: datetime) -> list[Column[AgentView]]:
    return [
        Column(name="name", head="NAME", text=lambda a: a.name, raw=lambda a: a.name),
        Column(
            name="state",
            head="STATE",
            text=lambda a: MARKS.get(a.state, a.state),
            raw=lambda a: a.state,
            color=lambda a: COLORS.get(a.state),
        ),
        Column(
            name="active",
            head="JOBS",
            text=lambda a: f"{a.active}/{a.capacity.slots}",
            raw=lambda a: a.active,
            is_right=True,
        ),
        Column(
            name="services",
            head="SERVICES",
            text=lambda a: " ".join(f"{name}:{slots}" for name, slots in a.services.items()),
            raw=lambda a: " ".join(f"{name}:{slots}" for name, slots in a.services.items()),
        ),
        Column(
            name="cpu_percent",
            head="CPU",
            text=lambda a: f"{a.load.cpu_percent:.0f}%" if a.load else "",
            raw=lambda a: a.load.cpu_percent if a.load else None,
            is_right=True,
            gives_way=2,
        ),
        Column(
            name="seen_at",
            head="SEEN",
            text=lambda a: f"{age(a.seen_at, now)} ago",
            at=lambda a: a.seen_at,
            raw=lambda a: iso(a.seen_at),
            is_right=True,
        ),
        Column(
            name="version",
            head="VERSION",
            text=lambda a: a.version,
            raw=lambda a: a.version,
            gives_way=3,
        ),
        Column(name="id", head="ID", text=lambda a: a.id, raw=lambda a: a.id, is_extra=True),
    ]
