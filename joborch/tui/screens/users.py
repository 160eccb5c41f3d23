"""Users and their quotas."""

from joborch.tui.desk import Desk
from joborch.tui.messages import JobsWanted
from joborch.tui.screens.listing import ListScreen
from joborch.tui.tables import usage_columns
from joborch.tui.widgets.line_table import LineTable
from joborch.wire.services import UsageView

Key = tuple[str, str]


class UsersScreen(ListScreen[Key, UsageView]):
    """Who uses how much of which service; Enter shows the jobs."""

    name_of_tab = "users"
    title_text = "Users and quotas"
    empty_text = "Nobody has work.\n\njoborch submit -s SERVICE -- echo hello"

    def rows(self) -> dict[Key, UsageView]:
        """Return who has work, the fullest quota first."""
        found = sorted(
            self.desk.picture.usage,
            key=lambda u: (-u.active / max(u.limit, 1), -u.queued, u.user_id, u.service),
        )
        return {(one.user_id, one.service): one for one in found}

    def table_of(self, desk: Desk) -> "LineTable[Key, UsageView]":
        """Return the table."""
        return LineTable(usage_columns(desk.look), self.row, glyphs=desk.look.glyphs)

    def open(self, row: UsageView) -> None:
        """Show the user's jobs of this service."""
        self.post_message(JobsWanted(f"user:{row.user_id} service:{row.service}"))
