"""``joborch agents``: which there are, how they are, and keeping them free for maintenance."""

from datetime import datetime
from typing import Annotated

import typer

from joborch.cli.exits import UsageError
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.cli.times import age, iso
from joborch.client import Orchestrator
from joborch.wire.agents import AgentList, AgentView

EXAMPLES = """
joborch agents
joborch agents compute-1 --json
joborch agents drain compute-1
joborch agents resume compute-1
"""
ACTIONS = {"drain": True, "resume": False}
MARKS = {"up": "● up", "late": "◐ late", "draining": "◌ draining", "down": "○ down"}
COLORS = {"up": "green", "late": "yellow", "draining": "cyan", "down": "red"}


def agents(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="[drain|resume] [NAME]...")] = None,
) -> None:
    """Show agents; drain one, so that it is given no new jobs and its host can be worked on."""
    session = Session.of(context)
    action, names = _read(words or [])

    async def work(server: Orchestrator) -> list[AgentView]:
        if action is not None:
            return [await server.drain(name, on=ACTIONS[action]) for name in names]
        if names:
            return [await server.agent(name) for name in names]
        return (await server.agents()).items

    found = session.run(work)
    session.output.table(
        _columns(session.now), found, document=AgentList(items=found), ids=lambda agent: agent.name
    )
    if not found:
        command = f"joborch agent --server {session.settings.server} --service example:4"
        session.output.hint(f"no agent has enrolled yet: {command}")


def _read(words: list[str]) -> tuple[str | None, list[str]]:
    if not words or words[0] not in ACTIONS:
        return None, words
    if len(words) == 1:
        raise UsageError(f"which agent is to {words[0]}?", hint=f"joborch agents {words[0]} NAME")
    return words[0], words[1:]


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
