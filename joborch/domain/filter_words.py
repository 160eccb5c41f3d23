"""How a filter is cut into words, and a word into values: blanks, commas and quotes."""

import re

from joborch.domain.names import has_control

LONGEST, MOST_WORDS, MOST_VALUES = 1000, 20, 50
"""Characters and words of a filter, and values of a word: an answer must not take for ever."""

_QUOTED = r""""[^"]*"|'[^']*'"""
_WORD = re.compile(rf"""(?:{_QUOTED}|[^\s"'])+""")
_PIECE = re.compile(r""""([^"]*)"|'([^']*)'|(\[[^\]"']*\]|[^"',\[]+|\[)|(,)""")
"""Commas in brackets belong to them: ``b-31[1,3]``."""
_PLAIN = re.compile(r"""[^\s"',\[\]]+""")


def words_of(text: str) -> list[tuple[int, str]]:
    """Return where each word begins, counted from 1, and the word with its quotes.

    Raises:
        ValueError: a quote is not closed, there is a control character, or too much.
    """
    words = [(match.start() + 1, match[0]) for match in _WORD.finditer(text)]
    if len(text) > LONGEST or len(words) > MOST_WORDS:
        raise ValueError(f"a filter has at most {MOST_WORDS} words and {LONGEST} characters")
    if has_control("".join(text.split())):
        raise ValueError("a filter has no control characters")
    if left := _WORD.sub("", text).strip():
        raise ValueError(f"the quote {left[0]} is not closed")
    return words


def values_of(text: str) -> list[str]:
    """Return what stands between the commas, without quotes.

    Raises:
        ValueError: one is empty, or there are too many.
    """
    values = [""]
    for double, single, plain, comma in _PIECE.findall(text):
        if comma:
            values.append("")
        values[-1] += double or single or plain
    if "" in values:
        raise ValueError("there is nothing behind its comma" if len(values) > 1 else "of what?")
    if len(values) > MOST_VALUES:
        raise ValueError(f"has more than {MOST_VALUES} values")
    return values


def without_quoted(text: str) -> str:
    """Return a word without what it has in quotes."""
    return re.sub(_QUOTED, "", text)


def in_quotes(text: str) -> str:
    """Write a text so that it is one value, whatever it has in it."""
    return '"{}"'.format(text.replace('"', '"\'"\'"'))


def quoted(text: str) -> str:
    """Write a text as one value, in quotes if it needs them."""
    return text if _PLAIN.fullmatch(text) else in_quotes(text)
