"""Services: their pools, queues and agents."""

from joborch.tui.desk import Desk
from joborch.tui.messages import JobsWanted
from joborch.tui.screens.listing import ListScreen
from joborch.tui.tables import service_columns
from joborch.tui.widgets.line_table import LineTable
from joborch.wire.services import ServiceView


class ServicesScreen(ListScreen[str, ServiceView]):
    """All services; Enter shows the jobs of one."""

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

    def open(self, row: ServiceView) -> None:
        """Show the jobs of the service."""
        self.post_message(JobsWanted(f"service:{row.name}"))
