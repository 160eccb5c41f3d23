"""Choosing one of several words."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from joborch.tui.commands import CHOICE, bindings


class ChoiceDialog(ModalScreen[str | None]):
    """A list to choose from; answers None if it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(CHOICE)]

    def __init__(self, title: str, words: list[str], chosen: str) -> None:
        super().__init__()
        self._title, self._words, self._chosen = title, words, chosen

    def compose(self) -> ComposeResult:
        """Show the words."""
        with Vertical(id="dialog") as box:
            box.border_title = self._title
            yield OptionList(*(Option(word, id=word) for word in self._words), id="choices")

    def on_mount(self) -> None:
        """Begin at what is chosen now."""
        choices = self.query_one(OptionList)
        choices.highlighted = self._words.index(self._chosen)
        choices.focus()

    def action_close(self) -> None:
        """Leave without choosing."""
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def choose(self, message: OptionList.OptionSelected) -> None:
        """Answer."""
        self.dismiss(message.option_id)
