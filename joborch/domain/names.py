"""What files, users and jobs may be called.

A file's name is a relative POSIX path in NFC. It is refused, never repaired: a name that was
silently changed would break the script that opens it.
"""

import re
import unicodedata

MAX_COMPONENT_BYTES = 255
MAX_DEPTH = 32
MAX_NAME_BYTES = 1024
RESERVED_PREFIX = ".joborch"

_USER_ID = re.compile(r"[\w@][\w.@+-]{0,127}")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of text, and so can make a name look like another."""
_DRIVE = re.compile(r"[A-Za-z]:")
_UNFIT_FOR_PLACES = re.compile(r"[^\w.+@ -]|^[.-]")
"""What a shell or another system would take for something else, or would hide."""
LONGEST_PLACE = 100


def check_file_name(name: str) -> str:
    """Return ``name`` in NFC if a job may have a file of that name.

    Raises:
        ValueError: with the reason, fit to be shown to the user.
    """
    clean = unicodedata.normalize("NFC", name)
    reason = _why_not(clean)
    if reason:
        raise ValueError(f"file name {shown(name)} {reason}")
    return clean


def _why_not(name: str) -> str | None:
    parts = name.split("/")
    reasons = (
        (not name, "is empty"),
        (has_control(name), "has a control character"),
        ("\\" in name, "has a backslash"),
        (name.startswith("/") or bool(_DRIVE.match(name)), "is absolute"),
        (".." in parts, "leads out of the job's directory"),
        ("" in parts or "." in parts, "has an empty or '.' part"),
        (len(parts) > MAX_DEPTH, f"is nested deeper than {MAX_DEPTH}"),
        (_bytes(name) > MAX_NAME_BYTES, f"is longer than {MAX_NAME_BYTES} bytes"),
        (any(_bytes(p) > MAX_COMPONENT_BYTES for p in parts), "has a part over 255 bytes"),
        (parts[0].casefold().startswith(RESERVED_PREFIX), "is reserved for joborch"),
    )
    return next((reason for is_bad, reason in reasons if is_bad), None)


def check_user_id(text: str) -> str:
    """Return ``text`` if it can name a user: letters, digits and ``. _ @ + -``, up to 128.

    It begins with a letter, a digit, ``_`` or ``@``, so that none looks like an option or a
    negative number.

    Raises:
        ValueError: with the reason.
    """
    if not _USER_ID.fullmatch(text):
        raise ValueError(
            f"user_id {shown(text)} is not 1 to 128 letters, digits or . _ @ + - with a letter,"
            " a digit or _ at its beginning"
        )
    return text


def check_job_name(text: str) -> str:
    """Return ``text`` if it can name a job: printable, 1 to 200 characters.

    Raises:
        ValueError: with the reason.
    """
    if not 1 <= len(text) <= 200 or has_control(text):
        raise ValueError("a job's name has 1 to 200 characters and no control characters")
    return text


def check_tag(key: str, value: str) -> None:
    """Refuse what cannot be a tag: a key has 1 to 64 and a value up to 256 printable characters.

    Raises:
        ValueError: with the reason.
    """
    if not 1 <= len(key) <= 64 or len(value) > 256 or has_control(key + value):
        raise ValueError("a key has 1 to 64 and a value up to 256 printable characters")


def has_control(text: str) -> bool:
    """Whether a character could move a cursor, hide text, reverse it, or end a string."""
    return any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or c in _BIDI for c in text)


def place_named(name: str) -> str:
    """Make a job's name the name of a directory here, which nobody's script knows yet."""
    return _UNFIT_FOR_PLACES.sub("_", name)[:LONGEST_PLACE]


def shown(text: str, most: int = 80) -> str:
    """Quote ``text`` for a message: escapes made visible, cut after ``most`` characters."""
    return ascii(text if len(text) <= most else text[:most] + "…").replace("\\u2026", "…")


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
