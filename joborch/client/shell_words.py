"""Words of a command line as bash reads them, written so that a terminal shows all of them."""

import shlex
from collections.abc import Sequence

from joborch.domain.text import one_line

_SHORT = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\\": r"\\", "'": r"\'"}


def joined(words: Sequence[str]) -> str:
    """Write a command line on one line, without anything that a terminal would obey or drop."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if all(_is_shown(letter) for letter in word):
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


def _escaped(letter: str) -> str:
    if letter in _SHORT:
        return _SHORT[letter]
    if _is_shown(letter):
        return letter
    # By its bytes: what \u stands for depends on the locale, and has none for a byte that is none.
    return "".join(f"\\x{byte:02x}" for byte in letter.encode(errors="surrogateescape"))


def _is_shown(letter: str) -> bool:
    return one_line(letter) == letter
