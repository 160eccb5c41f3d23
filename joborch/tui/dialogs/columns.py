"""Choosing which columns are shown, and in which order."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from joborch.tui.commands import COLUMNS, bindings
from joborch.tui.keymap import Keymap


class ColumnsDialog(ModalScreen[list[str] | None]):
    """A list of columns to tick and to move; answers with those that are ticked, None if as before.

    The ids are not in it and come first in the answer: they are what everything else goes by.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(COLUMNS)]

    def __init__(
        self, titles: Mapping[str, str], shown: Sequence[str], *, keymap: Keymap, place: str
    ) -> None:
        """Show nothing yet.

        Args:
            titles: what each column is called, by its name, in their order.
            shown: the names of those that are ticked.
            keymap: the keys that are told.
            place: where the choice is kept, in words.
        """
        super().__init__()
        self._titles = {name: title for name, title in titles.items() if name != "id"}
        self._before = [name for name in shown if name != "id"]
        self._keymap, self._place = keymap, place

    def compose(self) -> ComposeResult:
        """Show the columns."""
        first = self._keymap.first
        moves = f"{first('columns.down')} {first('columns.up')} move it"
        with Vertical(id="dialog") as box:
            box.border_title = "Columns"
            yield SelectionList[str](*self._choices(self._before), id="choices")
            says = [
                f"space shows or hides one; {moves}",
                f"{first('columns.close')} closes; {self._place}",
            ]
            yield Static("\n".join(says), markup=False)

    def on_mount(self) -> None:
        """Begin in the list."""
        self._list.focus()

    def action_move(self, by: int) -> None:
        """Let the highlighted column change places with its neighbour."""
        names, here = [*self._titles], self._list.highlighted
        if here is None or not 0 <= here + by < len(names):
            return
        ticked = self._list.selected
        names[here], names[here + by] = names[here + by], names[here]
        self._titles = {name: self._titles[name] for name in names}
        self._list.clear_options()
        self._list.add_options(self._choices(ticked))
        self._list.highlighted = here + by

    def action_close(self) -> None:
        """Answer."""
        ticked = {*self._list.selected}
        names = [name for name in self._titles if name in ticked]
        self.dismiss(None if names == self._before else ["id", *names])

    @property
    def _list(self) -> SelectionList[str]:
        return self.query_one(SelectionList)

    def _choices(self, ticked: Sequence[str]) -> list[Selection[str]]:
        return [Selection(title, name, name in ticked) for name, title in self._titles.items()]
