"""What is sent to the terminal: the cells that differ from what it shows."""

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from joborch.tui.sending import Pieces, Shown

RED = Style(color="red")
CONSOLE = Console(color_system="standard")


def a_line(*parts: str | Segment) -> Strip:
    return Strip([Segment(part) if isinstance(part, str) else part for part in parts])


def on_a_terminal_with(line: Strip) -> Shown:
    shown = Shown()
    sent(shown, LayoutUpdate([[line]], Region(0, 0, line.cell_length, 1)))
    return shown


def drawn_again(line: Strip, first: int = 0, last: int | None = None) -> ChopsUpdate:
    width = line.cell_length
    return ChopsUpdate([{0: line}], [(0, first, width if last is None else last)], [[width]])


def sent(shown: Shown, update: ChopsUpdate | LayoutUpdate) -> str:
    pieces = shown.lacking(update)
    return pieces.render_segments(CONSOLE) if isinstance(pieces, Pieces) else ""


@pytest.mark.parametrize(
    ("before", "after", "piece"),
    [
        ("job 1  0:41  agent", "job 1  0:42  agent", "\x1b[1;11H2"),
        ("job 1  0:59  agent", "job 1  1:00  agent", "\x1b[1;8H1:00"),
        ("job 1", "job 1", ""),
        ("日本 a", "日本 b", "\x1b[1;1H日本 b"),
    ],
    ids=["a digit", "from the first that differs to the last", "nothing", "wide signs: all"],
)
def test_of_a_line_only_what_differs_is_sent(before: str, after: str, piece: str) -> None:
    shown = on_a_terminal_with(a_line(before))
    assert sent(shown, drawn_again(a_line(after))) == piece


def test_a_colour_that_changes_is_sent_though_the_text_is_the_same() -> None:
    shown = on_a_terminal_with(a_line("job ", "R", " agent"))
    assert sent(shown, drawn_again(a_line("job ", Segment("R", RED), " agent"))) == (
        "\x1b[1;5H\x1b[31mR\x1b[0m"
    )


def test_what_was_sent_is_known_to_be_shown() -> None:
    shown = on_a_terminal_with(a_line("0:41"))
    sent(shown, drawn_again(a_line("0:42")))
    assert sent(shown, drawn_again(a_line("0:42"))) == ""
    assert sent(shown, drawn_again(a_line("0:41"))) == "\x1b[1;4H1"


def test_what_was_not_sent_after_all_is_sent_the_next_time() -> None:
    shown = on_a_terminal_with(a_line("0:41"))
    shown.lacking(drawn_again(a_line("0:42")))
    assert sent(shown, drawn_again(a_line("0:42"))) == "\x1b[1;4H2"


def test_beyond_the_cells_that_are_to_be_drawn_nothing_is_sent() -> None:
    shown = on_a_terminal_with(a_line("aaaa"))
    assert sent(shown, drawn_again(a_line("bbbb"), 1, 3)) == "\x1b[1;2Hbb"


def test_a_whole_frame_is_sent_whole_since_the_terminal_may_have_been_cleared() -> None:
    shown = on_a_terminal_with(a_line("same"))
    assert "same" in sent(shown, LayoutUpdate([[a_line("same")]], Region(0, 0, 4, 1)))
