"""The theme of whoever names none: the one that was chosen last in such a terminal.

Far away, and where there are sixteen colours, it is another one than elsewhere, and at first the
terminal's own colours: there others cost more, or come out as none that was meant.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.color import ColorSystem
from rich.console import Console

from joborch.client.places import state_directory
from joborch.tui.themes import PLAIN

NAME, NAME_IF_PLAIN = "top-theme", "top-theme-plain"
MOST = 100
"""A theme's name is no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTheme:
    """A file with the theme's name, and what holds without it."""

    path: Path
    usual: str | None = None

    @classmethod
    def of(cls, env: Mapping[str, str], *, is_plain: bool) -> "LastTheme":
        """Return where it is kept for terminals like this one."""
        name = NAME_IF_PLAIN if is_plain else NAME
        return cls(path=state_directory(env) / name, usual=PLAIN if is_plain else None)

    def read(self, known: Collection[str]) -> str | None:
        """Return the one that was kept, if it is still known, or else the usual one."""
        with suppress(OSError, UnicodeDecodeError):
            with self.path.open(encoding="utf-8") as file:
                name = file.read(MOST).strip()
            return name if name in known else self.usual
        return self.usual

    def keep(self, name: str) -> None:
        """Keep it for the next time; where that cannot be, nobody was promised that it is."""
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(f"{name}\n", encoding="utf-8")


def has_few_colours(env: Mapping[str, str]) -> bool:
    """Return whether the terminal is known to have no more than sixteen colours."""
    told = env.get("TEXTUAL_COLOR_SYSTEM", "auto")  # as to a process behind a page
    if told == "auto":
        told = Console(force_terminal=True, _environ=env).color_system or ""
    return told == ColorSystem.STANDARD.name.lower()
