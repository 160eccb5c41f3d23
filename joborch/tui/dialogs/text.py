"""Some lines to read, and a key that closes them."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from joborch.domain.text import one_line
from joborch.tui.commands import READING, bindings


class TextDialog(ModalScreen[None]):
    """A text over the screen; it scrolls where there is no room for all of it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(READING)]

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        """Show the text."""
        with VerticalScroll(id="dialog") as box:
            box.border_title = self._title
            yield Static(_written(self._lines), id="lines")

    def on_mount(self) -> None:
        """Let the keys scroll."""
        self.query_one("#dialog").focus()

    def show(self, title: str, lines: Sequence[str]) -> None:
        """Have these lines there instead."""
        self.query_one("#dialog").border_title = title
        self.query_one("#lines", Static).update(_written(lines))

    def action_scroll(self, by: int) -> None:
        """Show what is further down."""
        self.query_one("#dialog").scroll_relative(y=by, animate=False)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def _written(lines: Sequence[str]) -> Content:
    return Content("\n".join(map(one_line, lines)))
