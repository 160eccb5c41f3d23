import pytest

from joborch.domain.sorting import SortKey, parse_sort


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("id", [SortKey("id")]),
        ("-id", [SortKey("id", True)]),
        ("-priority", [SortKey("priority", True), SortKey("id", True)]),
        ("user, -name", [SortKey("user"), SortKey("name", True), SortKey("id", True)]),
        ("-user,id", [SortKey("user", True), SortKey("id")]),
        ("user,-id,name", [SortKey("user"), SortKey("id", True)]),
    ],
)
def test_the_id_comes_last_and_decides(text: str, keys: list[SortKey]) -> None:
    assert parse_sort(text) == tuple(keys)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("-prio", "there is no key 'prio'; is 'priority' meant?"),
        ("", "there is no key ''; there are id submitted_at finished_at priority state user"),
        ("user,", "there is no key ''"),
        ("--user", "there is no key '-user'; is 'user' meant?"),
        ("user,-user", "'user' is there twice"),
    ],
)
def test_what_is_no_order_is_named(text: str, mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake.replace("?", r"\?")):
        parse_sort(text)
