"""The field in which a filter is typed; hidden while there is none."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from joborch.tui.messages import FilterTyped

TYPING_S = 0.08
"""So long a person has to stop before what was typed counts."""


class FilterBar(Horizontal):
    """Tells what was typed as ``FilterTyped``."""

    def __init__(self, text: str) -> None:
        super().__init__(id="filter-line")
        self._text = text
        self._typed = 0

    def compose(self) -> ComposeResult:
        """Show the field."""
        yield Static(" / ", id="filter-sign")
        yield Input(id="filter", value=self._text, select_on_focus=False)

    @property
    def is_used(self) -> bool:
        """Whether a filter is there or being typed."""
        return bool(self._field.value) or self._field.has_focus

    @property
    def text(self) -> str:
        """What is in the field."""
        return self._field.value

    def begin(self) -> None:
        """Let a person type."""
        self.add_class("-open")
        self._field.focus()

    def fill(self, text: str) -> None:
        """Have this filter in the field, as if it had been typed to its end."""
        self._field.value = text
        self._tell(text, is_done=True)

    @on(Input.Changed)
    def tell_soon(self, message: Input.Changed) -> None:
        """Tell when a person has stopped typing for a moment."""
        message.stop()
        self._typed += 1
        typed = self._typed
        self.set_timer(
            TYPING_S, lambda: self._tell(message.value) if typed == self._typed else None
        )

    @on(Input.Submitted)
    def tell_at_once(self, message: Input.Submitted) -> None:
        """Tell that typing is over."""
        message.stop()
        self._tell(message.value, is_done=True)

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    def _tell(self, text: str, *, is_done: bool = False) -> None:
        self.set_class(bool(text) or (self._field.has_focus and not is_done), "-open")
        self.post_message(FilterTyped(text, is_done=is_done))
