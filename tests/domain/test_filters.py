"""The grammar: what a person types, and which jobs that is."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joborch.domain.filter_words import LONGEST, MOST_VALUES, MOST_WORDS, quoted
from joborch.domain.filters import EVERYTHING, is_condition, parse_filter
from joborch.domain.states import JobState
from tests.support.views import NOON, a_job_view

NOW = NOON + timedelta(hours=3)
LATE = NOW - timedelta(seconds=20)


def one_hour(**facts: Any) -> dict[str, Any]:
    return {"started_at": NOON, "finished_at": NOON + timedelta(hours=1), **facts}


NIGHT, NEVER = {"run": "night"}, {"started_at": None}
JOBS = [
    a_job_view(1, JobState.RUNNING, user_id="ann", name="dock-1", batch="b-3", array_index=1),
    a_job_view(2, user_id="bob", name="Dock 2", batch="b-3", array_index=2, priority=80),
    a_job_view(3, user_id="ann", name="energies", held_at=NOON, submitted_at=LATE),
    a_job_view(
        4,
        JobState.FAILED,
        user_id="cem",
        service="hello",
        name="hello",
        tags={"run": "night"},
        **one_hour(),
    ),
    a_job_view(5, JobState.COMPLETED, name="a,b:c", agent="lab-7", tags={"x": ""}, **one_hour()),
    a_job_view(6, JobState.RUNNING, user_id="lab-1", name="42-dock", started_at=LATE, priority=20),
    a_job_view(
        7, JobState.CANCELLED, name="it's", agent=None, reason="Wrong input", started_at=None
    ),
]


def passing(text: str) -> list[int]:
    wanted = parse_filter(text, me="ann")
    return [job.id for job in JOBS if wanted.matches(job, NOW)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7]),
        ("state:failed", [4]),
        ("state:queued,failed", [2, 3, 4]),
        ("state:active", [1, 2, 3, 6]),
        ("state:Bad", [4, 7]),
        ("state:held", [3]),
        ("state:held,failed", [3, 4]),
        ("@failed", [4]),
        ("@held", [3]),
        ("user:ann", [1, 3]),
        ("user:me", [1, 3]),
        ("user:bob,cem", [2, 4]),
        ("user:lab-*", [6]),
        ("user=ann", [1, 3]),
        ("USER:ann", [1, 3]),
        ("service:hello", [4]),
        ("svc:hello", [4]),
        ("agent:compute-1", [1, 4, 6]),
        ("agent:*", [1, 4, 5, 6]),
        ("tag:run", [4]),
        ("tag:run=night", [4]),
        ("tag:run=day", []),
        ("tag:run,x", [4, 5]),
        ("tag:x=", [5]),
        ("name:dock-*", [1]),
        ("name=dock-*", [1]),
        ("name:dock", []),
        ("name~dock", [1, 6]),
        ("name~^dock", [1]),
        ("name~dock$", [6]),
        ("name~^42-dock$", [6]),
        ("name~4*dock", [6]),
        ("dock", [1, 2, 6]),
        ("DOCK", [1, 2, 6]),
        ("d*k", [1, 2, 6]),
        ("energies,2", [2, 3, 6]),
        ('"Dock 2"', [2]),
        ("'Dock 2'", [2]),
        ('name:"a,b:c"', [5]),
        ('"a,b"', [5]),
        ('"42"', [6]),
        ('"it\'s"', [7]),
        ("prio>=80", [2]),
        ("prio<50", [6]),
        ("priority:20,80", [2, 6]),
        ("exit:1", [4]),
        ("exit:0,1", [4, 5]),
        ("exit>0", [4]),
        ("age<30s", [3]),
        ("age>2h", [1, 2, 4, 5, 6, 7]),
        ("run<30s", [6]),
        ("run>=1h", [1, 4, 5]),
        ("run>1h", [1]),
        ("ended>30m", [4, 5, 7]),
        ("!ended>30m", [1, 2, 3, 6]),
        ("reason:input", [7]),
        ("2", [2]),
        ("2-3", [2, 3]),
        ("1,4", [1, 4]),
        ("1-6:2", [1, 3, 5]),
        ("id:2-3,5", [2, 3, 5]),
        ("b-3", [1, 2]),
        ("b-3,b-4", [1, 2]),
        ("b-3[2]", [2]),
        ("b-3[1,2]", [1, 2]),
        ("batch:3", [1, 2]),
        ("!dock", [3, 4, 5, 7]),
        ("!state:active", [4, 5, 7]),
        ("!@failed", [1, 2, 3, 5, 6, 7]),
        ("!exit:1", [1, 2, 3, 5, 6, 7]),
        ("!run<30s", [1, 2, 3, 4, 5, 7]),
        ("batch:b-3 user:bob", [2]),
        ("state:active !user:me prio>=50", [2]),
    ],
)
def test_what_passes(text: str, expected: list[int]) -> None:
    assert passing(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stat:x", "'stat:x' at 1: stat: is no condition; state?"),
        ("dock nmae:x", "'nmae:x' at 6: nmae: is no condition; name?"),
        ("colour:red", "colour: is no condition; there are state user service"),
        ("user:", "'user:' at 1: of what?"),
        ("!", "of what?"),
        ("state:failed,", "nothing"),
        ("state:odd", "'odd' is no state of a job; there are queued"),
        ("@odd", "'odd' is no state"),
        ("3-1", "'3-1' is no selection of jobs"),
        ("b-3[x]", "'x' is no selection"),
        ("batch:x", "'x' is no batch like b-31"),
        ("age:2h", "it is asked for as in age>2h"),
        ("user~x", "it is asked for as in user:ann"),
        ("age>soon", "'soon' is not a duration"),
        ("prio>high", "'high' is no number"),
        ("exit!=0", "neither KEY:VALUE nor, in quotes, a part of a name"),
        ('"x"=1', "neither KEY:VALUE"),
        ("name~dock.*", "no regular expressions, and so no .*"),
        ("name~(a|b)", "no regular expressions, and so no ("),
        ('dock "two words', 'the quote " is not closed'),
        ("a\0b", "no control characters"),
        ("a " * (MOST_WORDS + 1), f"at most {MOST_WORDS} words"),
        ("a" * (LONGEST + 1), f"{LONGEST} characters"),
        ("id:1" + ",1" * MOST_VALUES, f"more than {MOST_VALUES} values"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_what_was_meant(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_filter(text, me="ann")
    assert reason in str(refused.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"'stat:x' at 1: .*; 'age:1h' at 13: "):
        parse_filter("stat:x dock age:1h")


def test_where_nobody_is_me_that_is_said() -> None:
    with pytest.raises(ValueError, match="give the user's id"):
        parse_filter("user:me")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("user:me,bob  svc=x", "user:ann,bob service:x"),
        ("42 b-3[1,2] @failed", 'id:42 batch:"b-3[1,2]" state:failed'),
        ("!'a b' \"42\" '@x'", '!"a b" "42" "@x"'),
        ("PRIO>=70 tag:run=7", "prio>=70 tag:run=7"),
    ],
)
def test_a_filter_is_written_so_that_anybody_reads_the_same_in_it(text: str, written: str) -> None:
    wanted = parse_filter(text, me="ann")

    assert str(wanted) == written
    assert parse_filter(written) == wanted


@given(st.text("aA*\"',:=~<>![]@- \u00e4", min_size=1, max_size=8).filter(str.strip))
def test_any_name_can_be_asked_for_in_quotes(name: str) -> None:
    job = a_job_view(name=name)
    exact, part = parse_filter(f"name:{quoted(name)}"), parse_filter(f"!name:{quoted(name)}")

    assert (exact.matches(job, NOW), part.matches(job, NOW)) == (True, False)
    assert parse_filter(str(exact)) == exact


def test_what_it_asks_about_is_known() -> None:
    assert parse_filter("dock svc:x !age>1h").keys == {"", "service", "age"}
    assert parse_filter("  ") == EVERYTHING


@pytest.mark.parametrize(
    ("word", "is_one"),
    [("state:failed", True), ("!age>2h", True), ("name~x", True), ("40-60:2", False), ("x", False)],
)
def test_a_condition_is_told_from_a_name(word: str, is_one: bool) -> None:
    assert is_condition(word) is is_one


@pytest.mark.timeout(10)
def test_no_pattern_takes_long() -> None:
    job = a_job_view(name="a" * 200)
    wanted = parse_filter(f"name:{'*a' * 400}b")

    assert [wanted.matches(job, NOW) for _ in range(1000)] == [False] * 1000
