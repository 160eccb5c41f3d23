"""Text from elsewhere, made fit for a terminal.

Job output, file names, error messages: whoever wrote them may have put in what moves the cursor,
changes the title, writes the clipboard, or shows text in another order than it has.
"""

import re

_STRINGS = r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
"""OSC, DCS, SOS, PM and APC with all they carry, in 7 and 8 bits, terminated or not;
never beyond the line, so that a torn one does not hide what follows."""
_CONTROL_SEQUENCE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
_ESCAPE = r"\x1b[ -/]*[0-~]?"
_SEQUENCES = re.compile(f"{_STRINGS}|{_CONTROL_SEQUENCE}|{_ESCAPE}")

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_BIDI = [0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_INVISIBLE = [
    0x00AD,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x2060, 0x2065),
    *range(0x206A, 0x2070),
    0xFEFF,
]
_INTERLINEAR = [*range(0xFFF9, 0xFFFC)]
_TAGS = [*range(0xE0000, 0xE0080)]
_SURROGATES = [*range(0xD800, 0xE000)]
_DROPPED: dict[int, str | None] = dict.fromkeys(
    [*_CONTROLS, *_BIDI, *_INVISIBLE, *_INTERLINEAR, *_TAGS]
)
_DROPPED |= dict.fromkeys(_SURROGATES, "\ufffd")
_LINE = {**_DROPPED, **dict.fromkeys(map(ord, "\t\n\r\v\f\x85\u2028\u2029"), " ")}
_BLOCK = {
    **_DROPPED,
    ord("\t"): "\t",
    ord("\n"): "\n",
    **dict.fromkeys(map(ord, "\u2028\u2029"), "\n"),
}
_LINE_ENDS = re.compile(r"\r\n|\r(?=[^\n])|\r$")


def sanitize(text: str) -> str:
    """Return ``text`` without anything a terminal would obey, apart from tabs and line ends.

    Escape sequences are removed with all they carry; control, bidirectional and invisible
    characters are dropped; a carriage return, which overwrites, becomes a line end.
    """
    return _SEQUENCES.sub("", _LINE_ENDS.sub("\n", text)).translate(_BLOCK)


def one_line(text: str) -> str:
    """Return ``text`` sanitised, with every line end and tab made a space."""
    return _SEQUENCES.sub("", text.replace("\r\n", " ")).translate(_LINE)
