"""Blanks in options and commands: ``{}``, ``{name}``, ``{column}``, filled in for each item."""

import re
from collections.abc import Mapping
from pathlib import PurePath

from joborch.cli.exits import UsageError

_BLANK = re.compile(r"(?<!\$)\{(\w*)\}")
"""Not ``${name}``: that is the shell's."""


def fill(text: str, fields: Mapping[str, str]) -> str:
    """Fill in what is known and leave the rest as it is, for it may be meant for another."""
    return _BLANK.sub(lambda match: fields.get(match[1], match[0]), text)


def fill_all(text: str, fields: Mapping[str, str], option: str) -> str:
    """Fill in every blank; ``UsageError`` names the first that is not known."""
    unknown = [match[0] for match in _BLANK.finditer(text) if match[1] not in fields]
    if unknown:
        known = " ".join(f"{{{name}}}" for name in fields)
        raise UsageError(f"{option} {text!r}: there is no {unknown[0]}", hint=f"there are {known}")
    return fill(text, fields)


def path_fields(text: str) -> dict[str, str]:
    """Return the blanks of something that may be a path; ``{stem}{ext}`` is ``{name}``."""
    path = PurePath(text)
    return {"": text, "name": path.name, "stem": path.stem, "ext": path.suffix}
