"""Texts with gaps in them, as people write them: ``dock-*``.

A pattern is no regular expression: a star is all there is, so that to match one takes no longer for
what somebody made up to take long.
"""

from dataclasses import dataclass

_OF_EXPRESSIONS = ("\\", "(", "[", "{", "|", "+", "?", ".*")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What stands between the stars, in UTF-8; a single piece is the whole text.

    Without ``is_cased`` the letters A to Z are as a to z. Those of other alphabets are not: a
    database would have to know them, too.
    """

    pieces: tuple[bytes, ...]
    is_cased: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether only one text matches."""
        return self.is_cased and len(self.pieces) == 1

    def matches(self, text: str) -> bool:
        """Whether the whole text is like this."""
        data = _folded(text, is_cased=self.is_cased)
        first, *inner = self.pieces
        if not inner:
            return data == first
        last = inner.pop()
        at, end = len(first), len(data) - len(last)
        if at > end or not data.startswith(first) or not data.endswith(last):
            return False
        for piece in inner:
            found = data.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


def parse_glob(text: str) -> Pattern:
    """Read a pattern for the whole of a text."""
    return _pattern(text)


def parse_part(text: str) -> Pattern:
    """Read a pattern for any part of a text, in upper or lower case."""
    return _pattern(f"*{text}*", is_cased=False)


def parse_search(text: str) -> Pattern:
    """Read a pattern for a part of a text; ``^`` is its beginning and ``$`` its end.

    Raises:
        ValueError: it looks like a regular expression.
    """
    if found := next((each for each in _OF_EXPRESSIONS if each in text), None):
        raise ValueError(f"~ knows ^ $ and * but no regular expressions, and so no {found}")
    head = "" if text.startswith("^") else "*"
    tail = "" if text.endswith("$") else "*"
    return _pattern(f"{head}{text.removeprefix('^').removesuffix('$')}{tail}")


def _pattern(text: str, *, is_cased: bool = True) -> Pattern:
    return Pattern(tuple(_folded(text, is_cased=is_cased).split(b"*")), is_cased)


def _folded(text: str, *, is_cased: bool) -> bytes:
    """Return bytes, as their ``lower`` knows the letters of ASCII and no others."""
    data = text.encode("utf-8", "surrogatepass")
    return data if is_cased else data.lower()
