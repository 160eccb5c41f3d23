"""docs/selecting.md: each row of its tables is so, and its commands are understood."""

import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from joborch.cli.commands import COMMANDS
from joborch.cli.main import load
from joborch.domain.filter_keys import KEYS
from joborch.domain.filter_words import LONGEST, MOST_VALUES, MOST_WORDS
from joborch.domain.filters import parse_filter
from joborch.domain.selectors import (
    Batch,
    FromInput,
    Ids,
    InStates,
    Last,
    Named,
    Selector,
    parse_selector,
)
from joborch.domain.states import JobState
from tests.support.views import NOON, a_job_view

PAGE = (Path(__file__).parents[2] / "docs" / "selecting.md").read_text()
SHOWN = re.findall(r"^joborch (\w+) ([^#\n]+)", PAGE, re.MULTILINE)
FILTERING = "status ps wait logs fetch cancel retry hold release set"

SELECTORS: dict[str, Selector] = {
    "42": Ids((42,), frozenset({42})),
    "40-60": Ids(tuple(range(40, 61)), frozenset()),
    "40-60:2": Ids(tuple(range(40, 61, 2)), frozenset()),
    "42,44,50-60": Ids((42, 44, *range(50, 61)), frozenset({42, 44})),
    "b-31": Batch("b-31"),
    "b-31[7]": Batch("b-31", frozenset({7})),
    "b-31[1-10]": Batch("b-31", frozenset(range(1, 11))),
    "name=dock-*": Named("dock-*"),
    "@failed": InStates("failed"),
    "@failed,timed_out": InStates("failed,timed_out"),
    "@held": InStates("held"),
    "@held,failed": InStates("held,failed"),
    "last": Last(),
    "last~2": Last(2),
    "-": FromInput(),
}
NOW = NOON + timedelta(hours=3)
SOON = {"started_at": NOW - timedelta(seconds=29)}
FAILED, QUEUED, RUNNING = JobState.FAILED, JobState.QUEUED, JobState.RUNNING
FILTERS: dict[str, tuple[JobState, dict[str, Any], JobState, dict[str, Any]]] = {
    "dock": (QUEUED, {"name": "My-Dock"}, QUEUED, {"name": "docx"}),
    "name:dock-*": (QUEUED, {"name": "dock-1"}, QUEUED, {"name": "x-dock-1"}),
    "name~^dock": (QUEUED, {"name": "dock-1"}, QUEUED, {"name": "x-dock"}),
    "name~night$": (QUEUED, {"name": "a-night"}, QUEUED, {"name": "night-1"}),
    "name~do*k": (QUEUED, {"name": "a-dark-dock"}, QUEUED, {"name": "Dock"}),
    "state:failed": (FAILED, {}, QUEUED, {}),
    "state:held": (QUEUED, {"held_at": NOON}, QUEUED, {}),
    "user:ann": (QUEUED, {"user_id": "ann"}, QUEUED, {"user_id": "anna"}),
    "service:example": (QUEUED, {}, QUEUED, {"service": "hello"}),
    "agent:compute-1": (RUNNING, {}, QUEUED, {}),
    "tag:night": (QUEUED, {"tags": {"night": "7"}}, QUEUED, {"tags": {"run": "night"}}),
    "tag:run=7": (QUEUED, {"tags": {"run": "7"}}, QUEUED, {"tags": {"run": "8"}}),
    "prio>=70": (QUEUED, {"priority": 70}, QUEUED, {"priority": 69}),
    "exit:1": (FAILED, {}, QUEUED, {}),
    "age>2h": (QUEUED, {}, QUEUED, {"submitted_at": NOW - timedelta(hours=2)}),
    "ended<1h": (FAILED, {"finished_at": NOW}, FAILED, {"finished_at": NOW - timedelta(hours=1)}),
    "run<30s": (RUNNING, SOON, RUNNING, {}),
    "reason:signal": (FAILED, {"reason": "Signal 9"}, FAILED, {}),
    "batch:b-31": (QUEUED, {"batch": "b-31"}, QUEUED, {"batch": "b-3"}),
    "id:40-60": (QUEUED, {"job_id": 60}, QUEUED, {"job_id": 61}),
    "state:failed,held": (FAILED, {}, QUEUED, {}),
    "!state:failed": (QUEUED, {}, FAILED, {}),
    '"two words"': (QUEUED, {"name": "these two words"}, QUEUED, {"name": "two"}),
}


def rows(head: str) -> list[str]:
    """What is in the first column of the table with this head."""
    table = PAGE.partition(f"\n| {head} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)


def test_every_row_has_a_test() -> None:
    assert rows("selector") == [*SELECTORS]
    assert rows("word") == [*FILTERS]


@pytest.mark.parametrize(("text", "selector"), SELECTORS.items())
def test_a_selector_of_the_page_is_one(text: str, selector: Selector) -> None:
    assert parse_selector(text) == selector


@pytest.mark.parametrize("word", FILTERS)
def test_a_word_of_the_page_lets_pass_what_it_says(word: str) -> None:
    state, facts, other, others = FILTERS[word]
    wanted = parse_filter(word)

    assert wanted.matches(a_job_view(state=state, **facts), NOW)
    assert not wanted.matches(a_job_view(state=other, **others), NOW)


def test_the_page_has_every_key_and_the_limits() -> None:
    asked = {key for word in FILTERS for key in parse_filter(word).keys}

    assert asked == {*KEYS, ""}
    assert f"at most {MOST_WORDS} words and {LONGEST} characters" in PAGE
    assert f"a word {MOST_VALUES} values" in PAGE


@pytest.mark.parametrize(("command", "shown"), SHOWN)
def test_every_command_of_the_page_is_understood(command: str, shown: str) -> None:
    context = load(command, COMMANDS[command]).make_context(command, shlex.split(shown))

    assert parse_filter(context.params["where"] or "", me="ann") is not None


@pytest.mark.parametrize("command", FILTERING.split())
def test_every_command_about_jobs_takes_a_filter(command: str) -> None:
    parameters = load(command, COMMANDS[command]).params
    options = {each for parameter in parameters for each in parameter.opts}

    assert {"-F", "--filter"} <= options
    assert f"`{FILTERING}` take both" in PAGE


def test_the_page_has_commands() -> None:
    assert {command for command, _ in SHOWN} == {*FILTERING.split()} - {"ps"}
