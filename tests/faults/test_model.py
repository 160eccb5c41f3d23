"""Every state of the lease protocol is looked at: with all guards, and with each one left out."""

from dataclasses import fields, replace
from functools import partial

import pytest

from tests.faults.model import TERMINAL, Guards, World, wrong
from tests.faults.model_moves import moves
from tests.faults.model_pair import Pair, has_pair_ended, pair_moves, wrong_pair
from tests.faults.model_search import Model, explore
from tests.faults.sizes import size

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

ATTEMPTS = size(2, nightly=3)
GUARDS = [field.name for field in fields(Guards)]


def one_job(guards: Guards, *, attempts: int = ATTEMPTS) -> Model[World]:
    return Model(
        start=World(attempts_left=attempts),
        moves=partial(moves, guards=guards),
        wrong=wrong,
        is_end=lambda world: world.state in TERMINAL,
    )


def two_jobs(guards: Guards) -> Model[Pair]:
    job = World(attempts_left=1, has_rival=False, most_messages=1, most_offers=1)
    return Model(
        start=(job, job),
        moves=partial(pair_moves, guards=guards),
        wrong=wrong_pair,
        is_end=has_pair_ended,
    )


def test_with_all_guards_nothing_goes_wrong_and_every_job_can_end() -> None:
    explored = explore(one_job(Guards()))
    assert (explored.violation, explored.stuck) == ("", 0), explored
    assert explored.states > 10_000, "the model has shrunk to nothing"


@pytest.mark.parametrize("guard", GUARDS)
def test_without_any_one_guard_something_goes_wrong(guard: str) -> None:
    explored = explore(one_job(replace(Guards(), **{guard: False}), attempts=3))
    assert explored.violation, f"{guard} is not needed: {explored}"
    assert len(explored.trace) < 15, explored


def test_two_jobs_never_have_more_than_their_one_slot_and_both_can_end() -> None:
    explored = explore(two_jobs(Guards()))
    assert (explored.violation, explored.stuck) == ("", 0), explored
    assert explored.states > 10_000, "the model has shrunk to nothing"


def test_without_the_quota_both_jobs_have_a_slot() -> None:
    explored = explore(two_jobs(Guards(quota=False)))
    assert explored.violation == "more slots than there are", explored
