"""A question that is answered by typing."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from joborch.tui.commands import PROMPT, bindings


class PromptDialog(ModalScreen[str | None]):
    """Answers what was typed, once ``mistake`` finds none in it; None if it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PROMPT)]

    def __init__(
        self,
        title: str,
        text: str,
        *,
        value: str = "",
        mistake: Callable[[str], str | None] = lambda _: None,
        suggester: Suggester | None = None,
        is_secret: bool = False,
    ) -> None:
        """Ask nothing yet.

        Args:
            title: what is asked for.
            text: what a person should know before.
            value: stands there at first.
            mistake: says what is wrong with an answer, or None.
            suggester: proposes how it might go on.
            is_secret: whether what is typed is not to be seen.
        """
        super().__init__()
        self._title, self._text, self._value = title, text, value
        self._mistake, self._suggester, self._is_secret = mistake, suggester, is_secret

    def compose(self) -> ComposeResult:
        """Show the question."""
        with Vertical(id="dialog") as box:
            box.border_title = Content(self._title)  # not as markup
            yield Static(self._text, id="says", markup=False)
            yield Input(self._value, suggester=self._suggester, password=self._is_secret)

    def on_mount(self) -> None:
        """Begin to type."""
        self.query_one(Input).focus()

    def action_close(self) -> None:
        """Leave it."""
        self.dismiss(None)

    @on(Input.Submitted)
    def answer(self, message: Input.Submitted) -> None:
        """Answer, or say what is wrong."""
        typed = message.value.strip()
        if mistake := self._mistake(typed):
            self.query_one("#says", Static).update(mistake)
        else:
            self.dismiss(typed)
