"""A configuration file as it is: its defaults, profiles and aliases. It knows no other source.

::

    [defaults]        # profile: which to use; and what holds in every profile
    [profile.prod]    # server user_id service timeout readonly time_format hints
    [alias]           # commands of one's own
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joborch.domain.errors import SettingsError

KEYS = ("server", "user_id", "service", "timeout", "readonly", "time_format", "hints")
"""What may stand in ``[defaults]`` and in a profile."""
TABLES = ("defaults", "profile", "alias")
SPELT_ALSO = {"user": "user_id"}

Texts = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """What one file says; every value as text."""

    path: Path
    chosen: str | None = None
    """The profile to use where nobody names another."""
    defaults: Texts = field(default_factory=dict)
    profiles: Mapping[str, Texts] = field(default_factory=dict)
    aliases: Texts = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """Keys without a meaning, in words."""

    @classmethod
    def read(cls, path: Path) -> "ConfigFile":
        """Read a file, which must exist; ``SettingsError`` if it cannot be understood."""
        import tomllib  # only now: most invocations have no file

        try:
            return cls.parsed(path, tomllib.loads(path.read_text()))
        except OSError as error:
            hint = "name a file that can be read"
            raise SettingsError(f"{path} cannot be read: {error.strerror}", hint=hint) from error
        except ValueError as error:
            hint = "mend it with `joborch config edit`"
            raise SettingsError(f"{path} cannot be read: {error}", hint=hint) from error

    @classmethod
    def parsed(cls, path: Path, content: Mapping[str, Any]) -> "ConfigFile":
        """Take a parsed file apart; ``ValueError`` names what is of the wrong kind."""
        tables = {name: _table(name, content.get(name, {})) for name in TABLES}
        profiles = {
            name: _table(f"profile.{name}", values) for name, values in tables["profile"].items()
        }
        defaults = dict(tables["defaults"])
        chosen = defaults.pop("profile", None)
        return cls(
            path=path,
            chosen=str(chosen) if chosen else None,
            defaults=_texts(defaults),
            profiles={name: _texts(values) for name, values in profiles.items()},
            aliases=_texts(tables["alias"]),
            unknown=tuple(_unknown(content, defaults, profiles)),
        )


def nearest(key: str, known: tuple[str, ...] = KEYS) -> str:
    """Return a key that nobody knows in quotes, with the one that may be meant."""
    import difflib  # only now: there is hardly ever a need

    near = difflib.get_close_matches(key, known, n=1)
    return f"{key!r}" + (f"; is {near[0]!r} meant?" if near else "")


def _table(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"[{name}] is no table")  # noqa: TRY004 - of what somebody wrote
    return value


def _texts(values: Mapping[str, Any]) -> Texts:
    return {SPELT_ALSO.get(key, key): _text(key, value) for key, value in values.items()}


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{key} is no text or number")


def _unknown(
    content: Mapping[str, Any], defaults: Texts, profiles: Mapping[str, Texts]
) -> Iterator[str]:
    for key in content:
        if key not in TABLES:
            yield nearest(key, TABLES)
    for table in (defaults, *profiles.values()):
        for key in table:
            if SPELT_ALSO.get(key, key) not in KEYS:
                yield nearest(key)
