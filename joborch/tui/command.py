"""One thing that a key does, and how keys are called."""

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing a person can do."""

    id: str
    """Stable, for keymaps."""
    keys: str
    """With commas between them; the first is the one that is shown."""
    action: str
    label: str
    """In the footer; empty for what is not shown there."""
    text: str
    """In the help."""
    changes: bool = False
    """Whether it changes something on the server; in read-only mode it is not there."""
    gives_way: int = 0
    """Where there is no room for all hints in the footer, its own goes before lower ones."""

    @property
    def binding(self) -> Binding:
        """Return it as the framework knows it."""
        shown = self.keys.partition(",")[0]
        return Binding(
            self.keys,
            self.action,
            self.label or self.text,
            show=bool(self.label),
            key_display=DISPLAYED.get(shown, shown),
            id=self.id,
        )

    @property
    def method(self) -> str:
        """Name the method that does it."""
        return f"action_{self.action.partition('(')[0].removeprefix('app.')}"


DISPLAYED = {
    "slash": "/",
    "question_mark": "?",
    "asterisk": "*",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "backslash": "\\",
    "exclamation_mark": "!",
    "plus": "+",
    "minus": "-",
    "colon": ":",
    "ctrl+p": "^p",
    "space": "space",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "ctrl+d": "^d",
    "ctrl+u": "^u",
    "escape": "esc",
    "ctrl+r": "^r",
    "ctrl+q": "^q",
    "ctrl+z": "^z",
    "ctrl+c": "^c",
}
"""How people call keys, by their names."""
