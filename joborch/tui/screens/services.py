"""Services: their pools, queues and agents."""

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import BindingType

from joborch.client.moments import brief
from joborch.domain.text import one_line
from joborch.tui.commands import SERVICES, bindings
from joborch.tui.desk import Desk
from joborch.tui.messages import JobsWanted, PauseWanted
from joborch.tui.screens.listing import ListScreen
from joborch.tui.tables import service_columns
from joborch.tui.widgets.line_table import LineTable
from joborch.tui.widgets.lines import Part
from joborch.wire.services import ServiceView


class ServicesScreen(ListScreen[str, ServiceView]):
    """All services; Enter shows the jobs of one."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SERVICES)]
    name_of_tab = "services"
    title_text = "Services"
    empty_text = "The server has no service.\n\njoborch serve -s example"

    def rows(self) -> dict[str, ServiceView]:
        """Return the services by name."""
        return {service.name: service for service in self.desk.picture.services}

    def table_of(self, desk: Desk) -> "LineTable[str, ServiceView]":
        """Return the table."""
        return LineTable(service_columns(desk.look), self.row, glyphs=desk.look.glyphs)

    def summary(self) -> str:
        """Count what runs and waits."""
        services = self.desk.picture.services
        active, queued = sum(s.active for s in services), sum(s.queued for s in services)
        return f"{active} active, {queued} waiting"

    def warnings(self) -> Iterator[list[Part]]:
        """Say which services are paused, by whom and why."""
        now = self.desk.look.now()
        for service in self.desk.picture.services:
            if (pause := service.paused) is not None:
                why = f": {one_line(pause.reason)}" if pause.reason else ""
                told = f"! {one_line(service.name)} is paused by {one_line(pause.by)}"
                yield [(f"{told} since {brief(pause.at, now)}{why}", "$state-full")]

    def open(self, row: ServiceView) -> None:
        """Show the jobs of the service."""
        self.post_message(JobsWanted(f"service:{row.name}"))

    def action_pause_service(self) -> None:
        """Ask whether the selected service is to start no more jobs, or to start them again."""
        if (service := self.selected()) is not None:
            self.post_message(PauseWanted(service))
