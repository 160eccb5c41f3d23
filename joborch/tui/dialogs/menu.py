"""What can be done with the jobs at hand, to be chosen with the mouse or the keys."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, Event, MouseEvent, Resize
from textual.geometry import Offset
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from joborch.tui.commands import MENU, bindings
from joborch.tui.dialogs.guarded import GuardedDialog
from joborch.tui.formatting import fit
from joborch.tui.job_menu import Entry

LABEL, KEY, WIDTH = 16, 6, 56
"""Cells of an entry's parts, and of the whole."""


class MenuDialog(GuardedDialog[str | None]):
    """Answers with the id of a command; None if it is left, by Esc or a click elsewhere."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(MENU)]

    def __init__(self, title: str, entries: Sequence[Entry], *, at: Offset, guard_s: float) -> None:
        """Show nothing yet.

        Args:
            title: which jobs it is about.
            entries: its lines.
            at: the cell of the screen that it was asked for at.
            guard_s: a click so soon after it appeared was meant for what was there before.
        """
        super().__init__(guard_s=guard_s)
        self._title, self._entries, self._at = title, entries, at

    def compose(self) -> ComposeResult:
        """Show the entries; what cannot be done says why."""
        with Vertical(id="dialog") as box:
            box.border_title = Content(self._title)  # not as markup
            yield OptionList(*map(_option, self._entries), id="choices")

    def heeds(self, event: Event) -> bool:
        """Return whether it was meant for the menu: all keys are, as in any list."""
        return not isinstance(event, MouseEvent) or super().heeds(event)

    @on(Resize)
    def place(self, event: Resize) -> None:
        """Stand beside where it was asked for, within the screen."""
        width, height = event.size
        x = min(self._at.x + 1, width - WIDTH)
        y = min(self._at.y + 1, height - len(self._entries) - 2)
        styles = self.query_one("#dialog").styles
        styles.width, styles.offset = WIDTH, (max(x, 0), max(y, 0))

    def on_click(self, event: Click) -> None:
        """Leave it at a click elsewhere."""
        if not self.query_one("#dialog").region.contains(*event.screen_offset):
            self.dismiss(None)

    def action_close(self) -> None:
        """Leave it."""
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def choose(self, message: OptionList.OptionSelected) -> None:
        """Answer."""
        self.dismiss(message.option_id)


def _option(entry: Entry) -> Option:
    text = f"{fit(entry.label, LABEL)} {fit(entry.key, KEY)} {entry.hindrance}".rstrip()
    return Option(Content(text), id=entry.command_id, disabled=bool(entry.hindrance))
