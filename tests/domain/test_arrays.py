import pytest

from joborch.domain.arrays import parse_array


def test_ranges_steps_and_lists_are_read() -> None:
    assert parse_array("1-3").indices == (1, 2, 3)
    assert parse_array("0-10:5").indices == (0, 5, 10)
    assert parse_array("1,3,7").indices == (1, 3, 7)
    assert parse_array("1-2,10").indices == (1, 2, 10)


def test_a_limit_of_jobs_at_once_is_read() -> None:
    spec = parse_array("1-250%10")
    assert (len(spec.indices), spec.at_once) == (250, 10)


@pytest.mark.parametrize(
    "text",
    ["", "a", "3-1", "1-5:0", "1,1", "1-3,2", "1-200000", "1-999999999", "1-5%0", "1-5%", "-1"],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="array"):
        parse_array(text)
