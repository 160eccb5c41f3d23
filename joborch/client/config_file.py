"""A configuration file as it is: its defaults, profiles, aliases. It knows no other source.

::

    [defaults]        # profile: which to use; and what holds in every profile
    [profile.prod]    # server user_id service timeout readonly time_format hints
    [alias]           # commands of one's own
    [top]             # theme hz mouse columns: the dashboard's
    [top.keys]        # its keys, by the ids of its commands
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joborch.domain.errors import SettingsError

KEYS = ("server", "user_id", "service", "timeout", "readonly", "time_format", "hints")
"""What may stand in ``[defaults]`` and in a profile."""
TOP_KEYS = ("theme", "hz", "mouse", "confirm", "columns", "graph")
"""What may stand in ``[top]``, beside the table of keys."""
TABLES = ("defaults", "profile", "alias", "top")
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
    top: Texts = field(default_factory=dict)
    """What the dashboard is told; of columns the names, with commas."""
    keys: Texts = field(default_factory=dict)
    """The dashboard's keys, by the ids of its commands."""
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
        defaults, top = dict(tables["defaults"]), dict(tables["top"])
        chosen, keys = defaults.pop("profile", None), _table("top.keys", top.pop("keys", {}))
        return cls(
            path=path,
            chosen=str(chosen) if chosen else None,
            defaults=_texts(defaults),
            profiles={name: _texts(values) for name, values in profiles.items()},
            aliases=_texts(tables["alias"]),
            top={key: _text(f"top.{key}", _listed(top[key])) for key in TOP_KEYS if key in top},
            keys=dict(_flat("", keys)),
            unknown=tuple(_unknown(content, defaults, profiles, top)),
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


def _listed(value: object) -> object:
    """Return a list of texts as one text."""
    is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return ",".join(value) if is_list and isinstance(value, list) else value


def _flat(before: str, keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield keys with their texts; ``job.cancel`` without quotes has made a table of ``job``."""
    for key, value in keys.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _flat(f"{name}.", value)
        else:
            yield name, _text(f"top.keys.{name}", value)


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{key} is no text or number")


def _unknown(
    content: Mapping[str, Any], defaults: Texts, profiles: Mapping[str, Texts], top: Texts
) -> Iterator[str]:
    for key in content:
        if key not in TABLES:
            yield nearest(key, TABLES)
    for table in (defaults, *profiles.values()):
        for key in table:
            if SPELT_ALSO.get(key, key) not in KEYS:
                yield nearest(key)
    for key in top:
        if key not in TOP_KEYS:
            yield nearest(key, TOP_KEYS)
