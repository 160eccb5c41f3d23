import pytest
from hypothesis import given
from hypothesis import strategies as st

from joborch.domain.text import one_line, sanitize

FORBIDDEN = set(
    "\x1b\x9b\x9d\x90\x07\x08\x00\x7f\u202e\u2066\u200b\u200e\ufeff\u2028\u2029\x85\r\u061c"
)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("plain text, größe, 日本語", "plain text, größe, 日本語", id="harmless"),
        pytest.param("a\tb\nc", "a\tb\nc", id="tabs and line ends"),
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b[2J\x1b[Hgone", "gone", id="clearing the screen"),
        pytest.param("\x9b31mred", "red", id="an 8-bit sequence"),
        pytest.param("\x1b]0;title\x07after", "after", id="a window title"),
        pytest.param("\x1b]52;c;cm0gLXJm\x1b\\after", "after", id="the clipboard"),
        pytest.param("\x9d0;title\x9cafter", "after", id="an 8-bit title"),
        pytest.param("\x1bPq#0;2\x1b\\after", "after", id="a sixel picture"),
        pytest.param("\x1b_Gi=1\x1b\\after", "after", id="an application's command"),
        pytest.param("\x1b^private\x1b\\after", "after", id="a privacy message"),
        pytest.param("\x1b]0;torn\nnext line", "\nnext line", id="a torn sequence ends its line"),
        pytest.param("\x1b", "", id="a lone escape"),
        pytest.param("\x1bcreset", "reset", id="a terminal reset"),
        pytest.param("\x1b(0lqk\x1b(B", "lqk", id="another character set"),
        pytest.param("90%\rdone", "90%\ndone", id="overwriting"),
        pytest.param("dos\r\nfile\r\n", "dos\nfile\n", id="line ends of Windows"),
        pytest.param("ab\x08\x08cd", "abcd", id="backspaces"),
        pytest.param("x\x00\x07\x7fy", "xy", id="other controls"),
        pytest.param("evil\u202etxt.exe", "eviltxt.exe", id="reversed text"),
        pytest.param("a\u2066b\u2069c", "abc", id="isolated text"),
        pytest.param("ad\u200bmin\ufeff", "admin", id="invisible characters"),
        pytest.param("a\U000e0041b", "ab", id="tags"),
        pytest.param("\udcff", "\ufffd", id="bytes that are not UTF-8"),
    ],
)
def test_a_terminal_obeys_nothing_that_is_left(written: str, shown: str) -> None:
    assert sanitize(written) == shown


def test_one_line_is_one_line() -> None:
    assert one_line("a\nb\r\nc\td\u2028e\x1b[1mf") == "a b c d ef"


@given(st.text(alphabet=st.sampled_from("a[]0;m?1c\\ P\n" + "".join(sorted(FORBIDDEN)))))
def test_no_combination_gets_through(text: str) -> None:
    assert not set(sanitize(text)) & FORBIDDEN
    assert not set(one_line(text)) & (FORBIDDEN | {"\n", "\t"})


@given(st.text())
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    assert sanitize(sanitize(text)) == sanitize(text)
