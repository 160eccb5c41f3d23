"""Choosing which columns are shown."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import SelectionList, Static

from joborch.tui.commands import COLUMNS, bindings


class ColumnsDialog(ModalScreen[list[str] | None]):
    """A list of columns to tick; answers with those that are."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(COLUMNS)]

    def __init__(self, titles: Mapping[str, str], shown: Sequence[str], *, leaving: str) -> None:
        super().__init__()
        self._leaving = leaving
        self._titles, self._shown = titles, shown

    def compose(self) -> ComposeResult:
        """Show the columns."""
        choices = [
            (title, name, name in self._shown)
            for name, title in self._titles.items()
            if name != "id"  # it is what everything else goes by
        ]
        with Vertical(id="dialog") as box:
            box.border_title = "Columns"
            yield SelectionList[str](*choices, id="choices")
            yield Static(f"space shows or hides one; {self._leaving} closes", markup=False)

    def on_mount(self) -> None:
        """Begin in the list."""
        self.query_one(SelectionList).focus()

    def action_close(self) -> None:
        """Answer."""
        self.dismiss([*self.query_one(SelectionList).selected])
