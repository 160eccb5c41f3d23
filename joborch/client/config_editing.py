"""Changing a configuration file without losing its comments and its order.

What would not be understood afterwards is not written.
"""

from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from joborch.client.config_file import (
    KEYS,
    SPELT_ALSO,
    TABLES,
    TOP_KEYS,
    ConfigFile,
    nearest,
)
from joborch.client.settings import SWITCHES, mistake_in
from joborch.client.top_settings import YES_NO, mistake_in_top
from joborch.domain.errors import SettingsError
from joborch.files.atomic import write_atomic

TEMPLATE = """\
# Settings of joborch's commands; `joborch config --help` says how to change them from a shell.
#
# [defaults]
# profile = "prod"                        # which of the profiles, without --profile
# service = "example"
# time_format = "local"                   # or relative, utc, iso
# hints = false                           # suggest nothing
#
# [profile.prod]
# server = "https://orch.example.org"
# user_id = "1"
#
# [alias]
# mine = "status --state active"
#
# [top]                                   # of joborch top
# theme = "nord"
# hz = 2
# mouse = false
# confirm = "always"                      # or multi, never
# columns = ["id", "state", "name", "user", "run", "agent"]
#
# [top.keys]
# "job.cancel" = "X"
"""
PROFILE = ("defaults", "profile")

Key = tuple[str, ...]
Document = MutableMapping[str, Any]
"""A parsed file, which knows its comments too."""


def parse_key(text: str, *, profile: str | None = None) -> Key:
    """Read ``service``, ``defaults.service``, ``profile.NAME.service``, ``alias.NAME``, ``top.hz``.

    A bare name lies in the profile that is given, or else in the defaults.

    Raises:
        SettingsError: if no such key has a meaning, with the nearest that has.
    """
    words = text.split(".")
    if len(words) == 1:
        words = ["profile", profile, text] if profile else ["defaults", text]
    table, *between, name = words
    if len(words) == 1 or table not in TABLES:
        raise SettingsError(f"there is no table {nearest(table, TABLES)}", hint=_there_are())
    if table == "top" and all(words):
        return _key_of_top(words)
    if len(between) != (table == "profile") or not all(words):
        raise SettingsError(f"{text!r} is no key", hint=_there_are())
    name = SPELT_ALSO.get(name, name)
    known = (*KEYS, "profile") if table == "defaults" else KEYS
    if table != "alias" and name not in known:
        raise SettingsError(f"there is no setting {nearest(name, known)}", hint=_there_are())
    return (table, *between, name)


def set_key(path: Path, key: Key, text: str) -> None:
    """Give a key a value, in a file that may not exist yet.

    Raises:
        SettingsError: if the value is wrong; the file is as it was.
    """
    if mistake := _mistake(key, text):
        raise SettingsError(mistake)
    if key == PROFILE:
        _refuse_unknown_profile(path, text)

    def change(document: Document) -> None:
        import tomlkit

        table = document
        for name in key[:-1]:
            is_super = name == "profile"
            table = table.setdefault(name, tomlkit.table(is_super))
        for spelling in _other_spellings(key):
            table.pop(spelling, None)
        table[key[-1]] = _value(key, text)

    _edit(path, change)


def unset_key(path: Path, key: Key) -> bool:
    """Remove a key; returns whether it was there."""
    if value_of(path, key) is None:
        return False

    def change(document: Document) -> None:
        table = document
        for name in key[:-1]:
            table = table[name]
        for name in (key[-1], *_other_spellings(key)):
            table.pop(name, None)

    _edit(path, change)
    return True


def value_of(path: Path, key: Key) -> str | None:
    """Return what the file itself says about a key."""
    if not path.exists():
        return None
    file = ConfigFile.read(path)
    if key == PROFILE:
        return file.chosen
    tables = {"alias": file.aliases, "top": file.keys if len(key) > 2 else file.top}
    table = tables.get(key[0], file.defaults)
    if key[0] == "profile":
        table = file.profiles.get(key[1], {})
    return table.get(key[-1])


def write_config(path: Path, text: str) -> None:
    """Replace the file in one step, its mode and a link to it kept.

    Raises:
        SettingsError: if it would not be understood; the file is as it was.
    """
    import tomllib

    try:
        ConfigFile.parsed(path, tomllib.loads(text))
    except ValueError as error:
        raise SettingsError(f"{path} would not be understood any more: {error}") from error
    real = path.resolve()
    real.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = real.stat().st_mode & 0o777 if real.exists() else None
    write_atomic(real, text.encode())
    if mode is not None:
        real.chmod(mode)


def _key_of_top(words: Sequence[str]) -> Key:
    """Read ``top.hz`` or ``top.keys.job.cancel``, whose last two words are one command's id."""
    _, name, *command = words
    if name == "keys" and command:
        return ("top", "keys", ".".join(command))
    if command or name not in TOP_KEYS:
        raise SettingsError(f"there is no setting {nearest(name, TOP_KEYS)}", hint=_there_are())
    return ("top", name)


def _mistake(key: Key, text: str) -> str | None:
    if key[0] == "alias":
        return None
    return mistake_in_top(key[-1], text) if key[0] == "top" else mistake_in(key[-1], text)


def _value(key: Key, text: str) -> str | bool | float | list[str]:
    """Return a text as the file has it."""
    if key == ("top", "columns"):
        return [name for name in text.replace(",", " ").split()]
    if key == ("top", "hz"):
        return float(text)
    is_switch = key == ("top", "mouse") or (key[0] != "alias" and key[-1] in SWITCHES)
    return YES_NO[text] if is_switch else text


def _other_spellings(key: Key) -> list[str]:
    return [spelling for spelling, name in SPELT_ALSO.items() if name == key[-1]]


def _edit(path: Path, change: Callable[[Document], None]) -> None:
    import tomlkit

    if path.exists():
        ConfigFile.read(path)  # says more about a mistake than the library that edits
    document = tomlkit.parse(path.read_text() if path.exists() else "")
    change(document)
    write_config(path, tomlkit.dumps(document))


def _refuse_unknown_profile(path: Path, name: str) -> None:
    known: Sequence[str] = [*ConfigFile.read(path).profiles] if path.exists() else []
    if name not in known:
        raise SettingsError(
            f"there is no profile {name!r} in {path}: {', '.join(known) or 'none'}",
            hint=f"joborch config set profile.{name}.server URL",
        )


def _there_are() -> str:
    return (
        f"there are {', '.join(KEYS)}, as defaults.KEY or profile.NAME.KEY, defaults.profile,"
        f" alias.NAME, {', '.join(TOP_KEYS)} as top.KEY, and top.keys.COMMAND"
    )
