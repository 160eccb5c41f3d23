"""Agents: their health and load."""

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import BindingType

from joborch.tui import lines
from joborch.tui.commands import AGENTS, bindings
from joborch.tui.desk import Desk
from joborch.tui.messages import DrainWanted, JobsWanted, RemovalWanted
from joborch.tui.screens.listing import ListScreen
from joborch.tui.tables import agent_columns
from joborch.tui.widgets.line_table import LineTable
from joborch.tui.widgets.lines import Part
from joborch.wire.agents import AgentView


class AgentsScreen(ListScreen[str, AgentView]):
    """All agents; Enter shows the jobs of one."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(AGENTS)]
    name_of_tab = "agents"
    title_text = "Agents"
    empty_text = "No agent has enrolled yet.\n\njoborch agent -s example:4"

    def rows(self) -> dict[str, AgentView]:
        """Return the agents by name."""
        return {agent.id: agent for agent in self.desk.picture.agents}

    def table_of(self, desk: Desk) -> "LineTable[str, AgentView]":
        """Return the table."""
        columns = agent_columns(desk.picture, desk.look)
        return LineTable(columns, self.row, glyphs=desk.look.glyphs)

    def summary(self) -> str:
        """Count agents and slots."""
        agents = self.desk.picture.agents
        if self.desk.picture.is_stale:
            return f"? of {len(agents)} up"
        live = [agent for agent in agents if agent.state == "up"]
        slots = sum(agent.capacity.slots for agent in live)
        used = sum(agent.active for agent in live)
        return f"{len(live)} of {len(agents)} up, {used} of their {slots} slots used"

    def warnings(self) -> Iterator[list[Part]]:
        """Say when the jobs of silent agents are taken from them."""
        return lines.warnings(self.desk.picture, self.desk.look)

    def open(self, row: AgentView) -> None:
        """Show the agent's jobs."""
        self.post_message(JobsWanted(f"agent:{row.name} state:active"))

    def action_drain(self) -> None:
        """Ask whether the selected agent is to drain, or to take jobs again."""
        if (agent := self.selected()) is not None:
            self.post_message(DrainWanted(agent))

    def action_remove(self) -> None:
        """Ask whether the selected agent, which is down, is to be forgotten."""
        if (agent := self.selected()) is not None:
            self.post_message(RemovalWanted(agent))
