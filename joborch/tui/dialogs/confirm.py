"""A question before something is changed. Enter, Esc and clicks elsewhere leave everything."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Input, Static

from joborch.domain.text import one_line
from joborch.tui.commands import CONFIRM, bindings
from joborch.tui.dialogs.guarded import GuardedDialog
from joborch.tui.keymap import Keymap
from joborch.tui.questions import Question, rows
from joborch.tui.room import TOO_SMALL, is_too_small, what_is_needed

WIDTH, FRAME = 64, (6, 4)
"""Cells of the whole, and those of them that the border takes with what is blank beside it."""
SHARE = 0.95
"""So much of the terminal it takes at most."""


class ConfirmDialog(GuardedDialog[bool]):
    """Asks; the answer is yes only to ``y``, or to the typed word where one is demanded."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(CONFIRM)]

    def __init__(
        self,
        title: str,
        text: Question | str,
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
        self._title, self._yes, self._no = title, yes, no
        self._question = Question(paragraphs=[text]) if isinstance(text, str) else text
        self._demanded, self._keymap = demanded, keymap

    def compose(self) -> ComposeResult:
        """Leave room for the question."""
        with Vertical(id="dialog") as box:
            box.border_title = Content(self._title)  # not as markup
            yield Static(id="question", markup=False)
            yield Static("")
            yield Static(id="answers", markup=False)
            if self._demanded is not None:
                yield Input()

    @on(Resize)
    def write(self, event: Resize) -> None:
        """Show the question; or, where it cannot be read, what that needs."""
        width = min(WIDTH, int(event.size.width * SHARE))
        self.query_one("#dialog").styles.width = width
        room, fields = width - FRAME[0], self.query(Input)
        is_small = is_too_small(event.size)
        answers = f"{self._leaving}: {self._no}." if is_small else self._answers
        said = f"{what_is_needed(event.size)}."
        if not is_small:
            height = int(event.size.height * SHARE) - FRAME[1]
            said = self._question.written(room, height - 1 - rows(answers, room) - len(fields))
        self.query_one("#question", Static).update(said)
        self.query_one("#answers", Static).update(answers)
        for field in fields:
            field.display = not is_small
            field.disabled = is_small  # what is not shown is not typed into
            self.call_after_refresh(field.focus)

    def action_yes(self) -> None:
        """Do it, unless more has to be typed than a key."""
        if self._can_be_read() and self._demanded is None:
            self.dismiss(True)

    def action_no(self) -> None:
        """Leave it."""
        self.dismiss(False)

    @on(Input.Submitted)
    def check(self, message: Input.Submitted) -> None:
        """Do it if the word is right; leave it if not, and say so: it looks much the same."""
        if not self._can_be_read():
            return
        typed = message.value.strip()
        if typed and typed != self._demanded:
            told = f"{one_line(typed)} is not {self._demanded}: nothing was sent"
            self.app.notify(told, severity="warning", markup=False)
        self.dismiss(typed == self._demanded)

    @property
    def _leaving(self) -> str:
        return self._keymap.leaving("confirm.no")

    @property
    def _answers(self) -> str:
        if self._demanded is not None:
            return f"Type {self._demanded}: {self._yes}. {self._leaving}: {self._no}."
        first = self._keymap.first
        return f"[ {first('confirm.no')}  {self._no} ]      {first('confirm.yes')}  {self._yes}"

    def _can_be_read(self) -> bool:
        """Return whether what is asked is to be seen; say so if not."""
        if is_too_small(self.size):
            self.app.notify(TOO_SMALL, severity="warning")
        return not is_too_small(self.size)
