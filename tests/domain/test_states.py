from itertools import product
from pathlib import Path

import pytest

from joborch.domain.states import (
    ACTIVE,
    BAD,
    TERMINAL,
    TRANSITIONS,
    ImpossibleMoveError,
    JobEvent,
    JobState,
    advance,
    mermaid,
    sources_of,
    states_named,
)

EVERY_PAIR = [*product([None, *JobState], JobEvent)]

ALLOWED = {
    None: {"submit": "queued"},
    "queued": {
        "assign": "assigned",
        "cancel": "cancelled",
        "reject": "invalid",
        "complete": "completed",
        "fail": "failed",
        "time_out": "timed_out",
    },
    "assigned": {
        "start": "running",
        "complete": "completed",
        "fail": "failed",
        "time_out": "timed_out",
        "cancel": "cancelled",
        "reject": "invalid",
        "requeue": "queued",
        "give_back": "queued",
        "lose": "lost",
    },
    "running": {
        "complete": "completed",
        "fail": "failed",
        "time_out": "timed_out",
        "cancel": "cancelled",
        "requeue": "queued",
        "lose": "lost",
    },
}


@pytest.mark.parametrize(("state", "event"), EVERY_PAIR)
def test_every_pair_of_state_and_event_moves_as_specified_or_is_refused(
    state: JobState | None, event: JobEvent
) -> None:
    target = ALLOWED.get(state, {}).get(event)
    if target is None:
        with pytest.raises(ImpossibleMoveError):
            advance(state, event)
    else:
        assert advance(state, event) == target


def test_nothing_leads_out_of_a_terminal_state() -> None:
    assert not [move for move in TRANSITIONS if move[0] in TERMINAL]


def test_every_state_can_be_reached_and_every_live_one_can_end() -> None:
    reached: set[JobState] = set(TRANSITIONS.values())
    assert reached == set(JobState)
    assert all(
        any(source is state and target in TERMINAL for (source, _), target in TRANSITIONS.items())
        for state in set(JobState) - TERMINAL
    )


def test_active_and_terminal_do_not_overlap() -> None:
    assert not ACTIVE & TERMINAL
    assert set(JobState) == {JobState.QUEUED} | ACTIVE | TERMINAL
    assert BAD < TERMINAL


def test_the_sources_of_an_event_are_the_states_it_may_happen_in() -> None:
    assert sources_of(JobEvent.REQUEUE) == ACTIVE
    assert sources_of(JobEvent.SUBMIT) == frozenset()


def test_groups_and_states_are_found_by_name() -> None:
    assert states_named("done") == TERMINAL
    assert states_named("timed_out") == {JobState.TIMED_OUT}
    with pytest.raises(KeyError):
        states_named("finished")


def test_the_diagram_in_the_docs_is_the_table() -> None:
    docs = Path(__file__).parents[2] / "docs" / "states.md"
    assert f"```mermaid\n{mermaid()}\n```" in docs.read_text()


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("PD", JobState.QUEUED),
        ("CF", JobState.ASSIGNED),
        ("R", JobState.RUNNING),
        ("CD", JobState.COMPLETED),
        ("F", JobState.FAILED),
        ("OOM", JobState.FAILED),
        ("TO", JobState.TIMED_OUT),
        ("CA", JobState.CANCELLED),
        ("BF", JobState.INVALID),
        ("NF", JobState.LOST),
        ("pd", JobState.QUEUED),
    ],
)
def test_slurms_codes_stand_for_states_too(code: str, state: JobState) -> None:
    assert states_named(code) == {state}
