"""Every state of the lease protocol is looked at: with all guards, and with each one left out.

``MODEL_ATTEMPTS=3`` looks further: half a minute, and a gigabyte of memory.
"""

import os
from dataclasses import fields, replace

import pytest

from tests.faults.model import Guards, explore

ATTEMPTS = int(os.environ.get("MODEL_ATTEMPTS", "2"))
GUARDS = [field.name for field in fields(Guards)]


def test_with_all_guards_nothing_goes_wrong_and_every_job_can_end() -> None:
    explored = explore(Guards(), attempts=ATTEMPTS)
    assert (explored.violation, explored.stuck) == ("", 0), explored
    assert explored.states > 10_000, "the model has shrunk to nothing"


@pytest.mark.parametrize("guard", GUARDS)
def test_without_any_one_guard_something_goes_wrong(guard: str) -> None:
    explored = explore(replace(Guards(), **{guard: False}))
    assert explored.violation, f"{guard} is not needed: {explored}"
    assert len(explored.trace) < 15, explored
