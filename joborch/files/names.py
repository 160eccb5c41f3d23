"""The names files get inside an archive, whatever bytes their makers chose.

Every name made here is one that `extract` accepts: a plain relative path in UTF-8.
"""

import re

RESERVED = ".joborch"
"""The top-level folder of an archive that belongs to joborch: logs, the list of skipped files."""

MAX_NAME_BYTES = 4096
"""Longest name in an archive; a longer path could not be opened again by its name."""

_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff\u2028\u2029]")
_DRIVE = re.compile(r"^[A-Za-z]:")
_LONE_BYTES = range(0xDC80, 0xDD00)
"""How Python spells the bytes of a file name that are not UTF-8 (PEP 383)."""


def archive_name(path: str) -> str:
    """Spell a relative path, with what an archive cannot hold percent-encoded.

    That is: bytes that are not UTF-8, control characters, backslashes, and the colon of what
    Windows would take for a drive.
    """
    encoded = _UNWRITABLE.sub(lambda match: _percent(match.group()), path)
    return _DRIVE.sub(lambda match: match.group()[0] + "%3A", encoded)


def printable(text: str) -> str:
    """One line of text without control characters, safe to print on a terminal."""
    return _UNWRITABLE.sub(lambda match: _percent(match.group()), text)


def _percent(character: str) -> str:
    code = ord(character)
    data = bytes([code - 0xDC00]) if code in _LONE_BYTES else character.encode(errors="replace")
    return "".join(f"%{byte:02X}" for byte in data)
