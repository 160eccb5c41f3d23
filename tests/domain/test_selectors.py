import pytest

from joborch.domain.selectors import (
    Batch,
    FromInput,
    Ids,
    InStates,
    Last,
    Named,
    Selector,
    ids_in,
    parse_selector,
    spelt,
)


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("42", Ids((42,), frozenset({42}))),
        ("44,42", Ids((44, 42), frozenset({42, 44}))),
        ("40-43", Ids((40, 41, 42, 43), frozenset())),
        ("40-44:2,7", Ids((40, 42, 44, 7), frozenset({7}))),
        ("b-31", Batch("b-31")),
        ("b-31[7]", Batch("b-31", frozenset({7}))),
        ("b-31[1-3]", Batch("b-31", frozenset({1, 2, 3}))),
        ("@failed", InStates("failed")),
        ("@active,failed", InStates("active,failed")),
        ("@held", InStates("held")),
        ("@held,failed", InStates("held,failed")),
        ("name=dock-*", Named("dock-*")),
        ("last", Last()),
        ("last~2", Last(2)),
        ("-", FromInput()),
    ],
)
def test_people_name_jobs_in_many_ways(text: str, selector: Selector) -> None:
    assert parse_selector(text) == selector


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fourty-two",
        "40-",
        "44-40",
        "1,,2",
        "@",
        "@broken",
        "b-",
        "b-31[]",
        "last~",
        "--",
        "name=",
    ],
)
def test_anything_else_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"names no jobs|no selection|no state"):
        parse_selector(text)


def test_a_huge_range_is_refused_before_it_is_made() -> None:
    with pytest.raises(ValueError, match="more than 100000"):
        parse_selector("1-999999999")


def test_ids_come_as_words_or_as_lines_of_json() -> None:
    assert ids_in('7 8\n9\n{"id": 10, "state": "failed"}\n\n') == [7, 8, 9, 10]


@pytest.mark.parametrize("text", ["seven", '{"name": 7}', "{torn", "-7", "\uff17"])
def test_what_is_no_id_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="job's id"):
        ids_in(text)


@pytest.mark.parametrize(
    ("ids", "text"),
    [([7], "7"), ([7, 8], "7-8"), ([1, 3, 4, 5, 9], "1,3-5,9"), ([5, 4], "5,4"), ([], "")],
)
def test_ids_are_written_as_a_selector(ids: list[int], text: str) -> None:
    assert spelt(ids) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1-99999999999", "at most 9 digits"),
        ("0", "ids begin with 1"),
        ("0-5", "ids begin with 1"),
        ("1-999999999", "names more than"),
    ],
)
def test_ids_that_no_jobs_can_have_are_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_selector(text)
