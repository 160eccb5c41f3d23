"""A question before something is changed. Enter, Esc and clicks elsewhere leave everything."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from joborch.domain.text import one_line
from joborch.tui.commands import CONFIRM, bindings
from joborch.tui.dialogs.guarded import GuardedDialog
from joborch.tui.keymap import Keymap


class ConfirmDialog(GuardedDialog[bool]):
    """Asks; the answer is yes only to ``y``, or to the typed word where one is demanded."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(CONFIRM)]

    def __init__(
        self,
        title: str,
        text: str,
        *,
        yes: str,
        no: str,
        guard_s: float,
        keymap: Keymap,
        demanded: str | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            title: the question.
            text: what it is about and what it would do.
            yes: what the key for it does, as a rule ``y``.
            no: what everything else does.
            guard_s: what was typed so soon after it appeared was meant for what was there before.
            keymap: the keys that are named.
            demanded: has to be typed, instead of that key, where much is at stake.
        """
        super().__init__(guard_s=guard_s)
        self._title, self._text, self._yes, self._no = title, text, yes, no
        self._demanded, self._keymap = demanded, keymap

    def compose(self) -> ComposeResult:
        """Show the question."""
        with Vertical(id="dialog") as box:
            box.border_title = Content(self._title)  # not as markup
            yield Static(self._text, markup=False)
            yield Static("")
            if self._demanded is None:
                first = self._keymap.first
                keys = f"[ {first('confirm.no')}  {self._no} ]      {first('confirm.yes')}  "
                yield Static(f"{keys}{self._yes}", markup=False)
            else:
                leaving = f"{self._keymap.leaving('confirm.no')}: {self._no}."
                yield Static(f"Type {self._demanded}: {self._yes}. {leaving}", markup=False)
                yield Input()

    def action_yes(self) -> None:
        """Do it, unless more has to be typed than a key."""
        if self._demanded is None:
            self.dismiss(True)

    def action_no(self) -> None:
        """Leave it."""
        self.dismiss(False)

    @on(Input.Submitted)
    def check(self, message: Input.Submitted) -> None:
        """Do it if the word is right; leave it if not, and say so: it looks much the same."""
        typed = message.value.strip()
        if typed and typed != self._demanded:
            told = f"{one_line(typed)} is not {self._demanded}: nothing was sent"
            self.app.notify(told, severity="warning", markup=False)
        self.dismiss(typed == self._demanded)
