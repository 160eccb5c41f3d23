"""What was typed, as words: the line before the cursor, taken apart as a shell would.

No word is expanded; a line that ends in the middle of a quotation is what is being completed.
"""

from typing import NamedTuple

KEPT = "@"
"""Where bash takes words apart before the character instead of behind it."""


class Typed(NamedTuple):
    """The words before the one at the cursor, and so much of that one as stands before it."""

    words: tuple[str, ...]
    incomplete: str
    is_quoted: bool = False
    """Whether the cursor stands inside a quotation that is still open."""


def read_line(line: str) -> Typed:
    """Take a line apart; its first word, the program's name, is left out."""
    words: list[str] = []
    word: str | None = None
    quote, is_escaped = "", False
    for character in line:
        if is_escaped:
            word, is_escaped = (word or "") + character, False
        elif character == "\\" and quote != "'":
            is_escaped = True
        elif quote:
            word, quote = (word, "") if character == quote else ((word or "") + character, quote)
        elif character in "'\"":
            word, quote = word or "", character
        elif character.isspace():
            words += [] if word is None else [word]
            word = None
        else:
            word = (word or "") + character
    return Typed(tuple(words[1:]), word or "", is_quoted=bool(quote))


def unbroken(incomplete: str, breaks: str) -> int:
    """Return where bash's own idea of the current word begins in ours.

    Bash takes words apart at characters like ``=``, ``:`` and ``@`` too, and replaces only what
    stands behind the last of them; an ``@`` itself it counts to the word.
    """
    return max((0, *(incomplete.rfind(each) + (each not in KEPT) for each in breaks)))
