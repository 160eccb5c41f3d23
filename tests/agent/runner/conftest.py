"""Attempts whose processes are gone when a test ends, however it ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from joborch.agent.runner import control, phases
from joborch.agent.runner.phases import Running, SupervisorLost
from tests.agent.runner.attempts import Attempt, MakeAttempt, make_attempt


@pytest.fixture
def an_attempt(tmp_path: Path) -> Iterator[MakeAttempt]:
    made: list[Attempt] = []

    def make(script: str = "true", **spec: Any) -> Attempt:
        made.append(make_attempt(tmp_path / f"attempt-{len(made)}", script, **spec))
        return made[-1]

    yield make
    for attempt in made:
        clean_up(attempt)


def clean_up(attempt: Attempt) -> None:
    phase = phases.inspect(attempt.directory)
    if isinstance(phase, Running):
        control.cancel(attempt.directory, phase.shim_pid, 0)
        attempt.wait_free()
    elif isinstance(phase, SupervisorLost):
        phases.kill_leftovers(attempt.directory, phase.started)
