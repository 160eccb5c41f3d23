"""Choosing which columns are shown, and in which order."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

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
        self._titles = titles
        self._names = [name for name in titles if name != "id"]
        self._before = [name for name in shown if name != "id"]
        self._ticked = {*self._before}
        self._keymap, self._place = keymap, place

    def compose(self) -> ComposeResult:
        """Show the columns."""
        first = self._keymap.first
        moves = f"{first('columns.down')} {first('columns.up')} move it"
        with Vertical(id="dialog") as box:
            box.border_title = "Columns"
            yield OptionList(*map(self._line, self._names), id="choices")
            yield Static(f"{first('columns.toggle')} shows or hides one; {moves}", markup=False)
            yield Static(f"{first('columns.close')} closes; {self._place}", markup=False)

    def on_mount(self) -> None:
        """Begin in the list."""
        self._list.focus()

    @on(OptionList.OptionSelected)
    def action_tick(self) -> None:
        """Show the highlighted column, or hide it."""
        if (here := self._list.highlighted) is not None:
            self._ticked ^= {self._names[here]}
            self._write(here)

    def action_move(self, by: int) -> None:
        """Let the highlighted column change places with its neighbour."""
        names, here = self._names, self._list.highlighted
        if here is None or not 0 <= here + by < len(names):
            return
        names[here], names[here + by] = names[here + by], names[here]
        self._write(here)
        self._write(here + by)
        self._list.highlighted = here + by

    def action_close(self) -> None:
        """Answer."""
        names = [name for name in self._names if name in self._ticked]
        self.dismiss(None if names == self._before else ["id", *names])

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    def _write(self, place: int) -> None:
        self._list.replace_option_prompt_at_index(place, self._line(self._names[place]))

    def _line(self, name: str) -> Content:
        return Content(f"[{'x' if name in self._ticked else ' '}] {self._titles[name]}")
