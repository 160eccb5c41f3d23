"""What a person has chosen for good, checked against the themes, columns and commands there are."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from textual.theme import BUILTIN_THEMES

from joborch.client.config_file import nearest
from joborch.client.known import Known
from joborch.domain.errors import SettingsError
from joborch.tui.keymap import Keymap, keymap_of, mistake_in_keys, strangers
from joborch.tui.look import Look
from joborch.tui.picture import Picture
from joborch.tui.tables import job_columns
from joborch.tui.themes import OWN

AUTO = "auto"
"""The theme of whoever has chosen none."""
THEMES = (AUTO, *(theme.name for theme in OWN), *BUILTIN_THEMES)
COLUMNS = tuple(column.name for column in job_columns(Picture(), Look(user_id="")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """Themes, columns and keys that there are."""

    theme: str | None = None
    columns: tuple[str, ...] = ()
    keymap: Keymap = field(default_factory=Keymap)
    warnings: tuple[str, ...] = ()
    """What can be lived with, in words."""

    @classmethod
    def read(
        cls,
        *,
        theme: Known | None = None,
        columns: Known | None = None,
        keys: Mapping[str, Known] | None = None,
    ) -> "Preferences":
        """Understand what was chosen.

        Raises:
            SettingsError: naming every mistake, and where it stands.
        """
        names, keys = _names(columns), keys or {}
        mistakes = [*_mistakes(theme, columns, names), *_mistakes_in_keys(keys)]
        if mistakes:
            raise SettingsError(*mistakes)
        texts = {command: one.text for command, one in keys.items()}
        keymap = keymap_of(texts)
        return cls(
            theme=theme.text if theme and theme.text != AUTO else None,
            columns=names if not names or "id" in names else ("id", *names),
            keymap=keymap,
            warnings=(*strangers(texts), *keymap.clashes()),
        )


def _names(columns: Known | None) -> tuple[str, ...]:
    told = columns.text.replace(",", " ").split() if columns else []
    return tuple(dict.fromkeys(told))


def _mistakes(theme: Known | None, columns: Known | None, names: Collection[str]) -> Iterator[str]:
    if theme and theme.text not in THEMES:
        yield f"{theme.origin}: there is no theme {nearest(theme.text, THEMES)}"
    for name in names:
        if columns and name not in COLUMNS:
            there = ", ".join(COLUMNS)
            yield f"{columns.origin}: columns has {name!r}, which is none of {there}"


def _mistakes_in_keys(keys: Mapping[str, Known]) -> Iterator[str]:
    for command, one in keys.items():
        if mistake := mistake_in_keys(one.text):
            yield f"{one.origin}: {command}: {mistake}"
