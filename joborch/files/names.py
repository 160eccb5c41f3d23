"""The names files get inside an archive, whatever bytes their makers chose.

Every name made here is one that `extract` accepts: a plain relative path in UTF-8.
"""

import re

RESERVED = ".joborch"
"""The top-level folder of an archive that belongs to joborch: logs, the list of skipped files."""

_MAX_PATH_BYTES = 4000
"""Linux opens paths of up to 4,095 bytes; the rest is for the folder that an archive goes to."""
_MAX_PART_BYTES = 255

_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff\u2028\u2029]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Zero-width characters and those that turn the direction of writing."""
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
    """One line of text, safe to print on a terminal and not reading as something else."""
    visible = _UNWRITABLE.sub(lambda match: _percent(match.group()), text)
    return _INVISIBLE.sub(lambda match: _percent(match.group()), visible)


def is_too_long(name: str) -> bool:
    """Whether a file of this name could not be made again."""
    data = name.encode()
    return len(data) > _MAX_PATH_BYTES or max(map(len, data.split(b"/"))) > _MAX_PART_BYTES


def _percent(character: str) -> str:
    code = ord(character)
    data = bytes([code - 0xDC00]) if code in _LONE_BYTES else character.encode(errors="replace")
    return "".join(f"%{byte:02X}" for byte in data)
