import pytest
from rich.cells import cell_len

from joborch.domain.states import JobState
from joborch.tui.columns import Column, laid_out, most_passed
from joborch.tui.formatting import ASCII, UNICODE, bar, clock, fit


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 4, "abc…"),
        ("蛋白质", 6, "蛋白质"),
        ("蛋白质", 5, "蛋白…"),
        ("蛋白质", 4, "蛋 …"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_a_text_fills_its_cells_exactly(text: str, width: int, expected: str) -> None:
    assert fit(text, width) == expected
    assert cell_len(fit(text, width)) == width


@pytest.mark.parametrize(
    ("used", "limit", "expected"),
    [(0, 5, "...."), (1, 5, "#..."), (5, 5, "####"), (9, 5, "####"), (1, 0, "....")],
)
def test_a_bar_shows_anything_that_is_used(used: int, limit: int, expected: str) -> None:
    assert bar(used, limit, 4, ASCII) == expected


def test_running_times_are_written_as_clocks() -> None:
    assert [clock(s) for s in (0, 41, 3727)] == ["0:00", "0:41", "1:02:07"]


def test_every_state_has_a_sign_in_both_alphabets() -> None:
    assert set(UNICODE.marks) == set(ASCII.marks) == {*JobState, "held"}
    letters = [[mark[1] for mark in glyphs.marks.values()] for glyphs in (UNICODE, ASCII)]
    assert letters[0] == letters[1]


def a_column(name: str, width: int, *, gives_way: int = 0, most: int | None = None) -> Column[str]:
    return Column(name=name, title=name, width=width, text=str, gives_way=gives_way, most=most)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (30, [("a", 5), ("b", 8), ("c", 4), ("d", 10)]),
        (18, [("a", 5), ("b", 8), ("d", 3)]),
        (10, [("a", 5), ("d", 4)]),
        (3, [("a", 5), ("d", 3)]),
    ],
)
def test_columns_give_way_in_their_order_and_the_last_takes_the_rest(
    width: int, expected: list[tuple[str, int]]
) -> None:
    columns = [
        a_column("a", 5),
        a_column("b", 4, gives_way=1, most=8),
        a_column("c", 4, gives_way=2),
        a_column("d", 3),
    ]
    assert [(column.name, cells) for column, cells in laid_out(columns, width)] == expected


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (0, [("id", 4), ("b", 10), ("d", 14)]),
        (1, [("id", 4), ("c", 10), ("d", 14)]),
        (2, [("id", 4), ("d", 25)]),
    ],
)
def test_the_first_column_stays_and_those_after_the_passed_ones_are_beside_it(
    passed: int, expected: list[tuple[str, int]]
) -> None:
    columns = [a_column("id", 4), a_column("b", 10), a_column("c", 10, gives_way=1)]
    columns.append(a_column("d", 12))
    assert [(one.name, cells) for one, cells in laid_out(columns, 30, passed=passed)] == expected


def test_what_has_no_room_behind_the_passed_columns_is_shown_in_part() -> None:
    columns = [a_column(name, 10) for name in "abcd"]
    told = [(one.name, cells) for one, cells in laid_out(columns, 30, passed=1)]
    assert told == [("a", 10), ("c", 10), ("d", 8)]


@pytest.mark.parametrize(("width", "expected"), [(43, 0), (42, 1), (31, 2), (21, 2), (5, 2)])
def test_so_many_columns_are_passed_until_the_last_one_is_there(width: int, expected: int) -> None:
    assert most_passed([a_column(name, 10) for name in "abcd"], width) == expected
