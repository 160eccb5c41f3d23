"""A screen that is one table of things the server tells all of."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.events import Mount

from joborch.tui import lines
from joborch.tui.columns import Row
from joborch.tui.desk import Desk
from joborch.tui.messages import Opened
from joborch.tui.news import News
from joborch.tui.screens.site import SiteScreen
from joborch.tui.widgets.line_table import LineTable
from joborch.tui.widgets.lines import Lines, Part

Key = TypeVar("Key", bound=Hashable)
NO_PAST = "The server keeps what happened to jobs, and of this only what is."


class ListScreen(SiteScreen, Generic[Key, Row]):
    """A title, a table, and what to do while there is nothing in it."""

    name_of_tab = ""
    title_text = ""
    empty_text = ""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._rows: dict[Key, Row] = {}

    def rows(self) -> dict[Key, Row]:
        """Return the rows in their order."""
        raise NotImplementedError

    def table_of(self, desk: Desk) -> "LineTable[Key, Row]":
        """Return the table."""
        raise NotImplementedError

    def open(self, row: Row) -> None:
        """Show more about a row."""
        raise NotImplementedError

    def summary(self) -> str:
        """Say in a few words what the table has."""
        return ""

    def warnings(self) -> Iterable[list[Part]]:
        """Say what a person should know, each in a line."""
        return ()

    def row(self, key: Key) -> Row | None:
        """Return a row."""
        return self._rows.get(key)

    def selected(self) -> Row | None:
        """Return the row under the cursor."""
        cursor = self.table.cursor
        return self.row(cursor) if cursor is not None else None

    @property
    def table(self) -> "LineTable[Key, Row]":
        """The table."""
        return self.query_one(LineTable)

    def content(self) -> ComposeResult:
        """Return the title and the table."""
        yield Lines(id="tally")
        yield self.table_of(self.desk)
        yield Lines(id="empty")
        yield Lines(id="warnings")

    @on(Mount)
    def begin(self) -> None:
        """Begin in the table."""
        self.table.focus()

    def show_news(self, news: News) -> None:
        """Show the rows as they are now."""
        rows = self.rows()
        if list(rows) != self.table.order:
            self._rows = rows
            self.table.show(list(rows))
        changed = {key for key in rows if self._rows.get(key) != rows[key]}
        self._rows = rows
        self.table.update(frozenset(changed))
        self.table.tick()
        says, empty = self._words()
        title: list[Part] = [(f" {self.title_text}", "bold"), f"  {says}"]
        shown = lines.with_tabs(title, self.name_of_tab, self.size.width)
        self.query_one("#tally", Lines).show(shown)
        self.query_one("#empty", Lines).show_text(empty)
        self.set_class(not rows, "-empty")
        warnings = [*self.warnings()]
        self.set_class(bool(warnings), "-warned")
        self.query_one("#warnings", Lines).show(*warnings)

    def _words(self) -> tuple[str, str]:
        """Return what is said beside the title, and in place of a table without rows."""
        if self.desk.picture.is_past:
            return lines.NOT_KEPT, NO_PAST
        if self.desk.picture.is_blank:
            return lines.NOT_KNOWN, ""
        return self.summary(), self.empty_text

    @on(Opened)
    def open_selected(self) -> None:
        """Show more about the selected row."""
        if (row := self.selected()) is not None:
            self.open(row)
