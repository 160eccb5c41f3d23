import pytest

from joborch.domain.dependencies import MOST_MEMBERS, Dependencies, EndKind, fate, parse_ids
from joborch.domain.states import TERMINAL, JobState

COMPLETED, ENDED = EndKind.COMPLETED, EndKind.ENDED


def test_only_a_success_is_one() -> None:
    assert [state for state in TERMINAL if COMPLETED.is_met_by(state)] == [JobState.COMPLETED]


def test_any_end_is_an_end() -> None:
    assert all(ENDED.is_met_by(state) for state in TERMINAL)


def test_of_two_wishes_about_a_job_the_stricter_holds() -> None:
    wanted = Dependencies(completed=(1, 2), ended=(2, 3))
    assert wanted.members == {1: COMPLETED, 2: COMPLETED, 3: ENDED}


def test_the_same_jobs_named_otherwise_are_the_same() -> None:
    one = Dependencies(completed=(2, 1), ended=(1, 3))
    assert one.digest == Dependencies(completed=(1, 2, 2), ended=(3,)).digest
    assert one.digest != Dependencies(completed=(1,), ended=(2, 3)).digest


def test_nothing_to_wait_for_is_nothing() -> None:
    assert not Dependencies()
    assert Dependencies(ended=(1,))


def test_what_was_asked_for_is_told_in_brief() -> None:
    assert Dependencies(completed=(3, 1, 2), ended=(9,)).told() == {
        "after": "1-3",
        "after_any": "9",
    }
    (told,) = Dependencies(completed=tuple(range(0, 2000, 2))).told().values()
    assert told.startswith("0,2,4,")
    assert told.endswith(",…")
    assert len(told) <= 202


@pytest.mark.parametrize(
    ("text", "ids"), [("7", (7,)), ("7,40-42", (7, 40, 41, 42)), ("1-9:4", (1, 5, 9))]
)
def test_ids_are_read_as_everywhere(text: str, ids: tuple[int, ...]) -> None:
    assert parse_ids(text) == ids


@pytest.mark.parametrize("text", ["", "b-31", "last", "@failed", "1-2-3", f"1-{MOST_MEMBERS + 1}"])
def test_what_is_no_list_of_ids_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\d|ids|jobs"):
        parse_ids(text)


def test_a_fate_names_the_job_and_its_end() -> None:
    assert fate(1207, JobState.FAILED) == "dependency 1207 failed"
    assert fate(1207, JobState.TIMED_OUT) == "dependency 1207 timed out"
