"""Where settings come from: flags > environment > TOML file > defaults.

A settings class is a frozen dataclass whose fields are made by :func:`setting`; this module reads
them. It knows nothing of any particular setting.
"""

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from joborch.domain.errors import SettingsError

__all__ = ["SettingsError", "load", "one_of", "read_toml", "setting", "whole_number", "yes_or_no"]

T = TypeVar("T")


def setting(
    doc: str,
    *,
    parse: Callable[[str], Any] = str,
    default: Any = dataclasses.MISSING,
    env: tuple[str, ...] = (),
) -> Any:
    """Declare a field of a settings class.

    ``parse`` reads its text and raises ``ValueError`` with the reason; ``env`` are further
    variables to read it from, after ``JOBORCH_<FIELD>``; ``doc`` is a sentence for the reference.
    """
    metadata = {"doc": doc, "parse": parse, "env": env}
    return dataclasses.field(default=default, metadata=metadata)


def load(
    kind: type[T],
    *,
    flags: Mapping[str, Any],
    env: Mapping[str, str],
    file: Mapping[str, Any],
    extra_mistakes: tuple[str, ...] = (),
) -> T:
    """Read every field of ``kind``, the first source that has it winning.

    ``flags`` holds parsed values, None for a flag that was not given; the other two hold texts
    (or, in TOML, numbers and booleans).

    Raises:
        SettingsError: naming every mistake of every source that is used.
    """
    mistakes = list(extra_mistakes)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # T is a dataclass by contract
        if flags.get(field.name) is not None:
            values[field.name] = flags[field.name]
            continue
        found = _found(field, env, file)
        if found is None:
            continue
        where, text = found
        try:
            values[field.name] = field.metadata["parse"](text)
        except ValueError as error:
            mistakes.append(f"{where}={text!r}: {error}")
    mistakes += _missing(kind, values, mistakes)
    if mistakes:
        raise SettingsError(*mistakes)
    return kind(**values)


def read_toml(path: Path | None) -> dict[str, Any]:
    """Read a settings file; no path is an empty file.

    Raises:
        SettingsError: if it cannot be read or is no TOML.
    """
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a parser for whole numbers from ``least`` to ``most``."""

    def parse(text: str) -> int:
        digits = text.strip()
        if not digits.isascii() or not digits.isdigit() or not least <= int(digits) <= most:
            raise ValueError(f"not a whole number from {least} to {most}")
        return int(digits)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """Return a parser that accepts exactly these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"not one of {', '.join(words)}")
        return text

    return parse


def yes_or_no(text: str) -> bool:
    """Read a truth value: ``1 true yes on`` or ``0 false no off``."""
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    try:
        return words[text.strip().lower()]
    except KeyError:
        raise ValueError("not yes or no") from None


def _found(
    field: "dataclasses.Field[Any]", env: Mapping[str, str], file: Mapping[str, Any]
) -> tuple[str, str] | None:
    for variable in (f"JOBORCH_{field.name.upper()}", *field.metadata["env"]):
        if env.get(variable, "") != "":
            return variable, env[variable]
    if field.name in file:
        return field.name, str(file[field.name])
    return None


def _missing(kind: type[Any], values: Mapping[str, Any], mistakes: list[str]) -> list[str]:
    wrong = {mistake.partition("=")[0].removeprefix("JOBORCH_").lower() for mistake in mistakes}
    return [
        f"{field.name}: nothing was given and there is no default"
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING
        and field.name not in values
        and field.name not in wrong
    ]
