"""An agent that is killed at its n-th system call, or fails there: each job runs once.

Its result arrives exactly once and whole, whether the agent died while it took the job on, while
it brought the result home, or while it took over what an earlier process had left.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.faults.crew import Crew, a_crew
from tests.faults.nursery import Nursery
from tests.faults.sizes import size
from tests.faults.stand import a_stand
from tests.faults.strace import KILL, Injection, needs_strace, points

pytestmark = [pytest.mark.faults, needs_strace, pytest.mark.timeout(size(60, nightly=3600))]

STEPS = "openat,write,mkdir,mkdirat,flock,/^(rename|unlink|rmdir|link|send|fchmod|chmod)"
CALLS = size(STEPS, nightly="!futex,mprotect,mmap,munmap,brk,getpid")
ERRORS = {
    "openat": ("EMFILE", "ENFILE", "EIO"),
    "write": ("ENOSPC", "EIO"),
    "mkdir": ("ENOSPC",),
    "rename": ("EIO", "ENOSPC"),
    "unlink": ("EIO",),
    "read": ("EIO",),
}
T = TypeVar("T")
MOST_CRASHES = size(4, nightly=400)
MOST_ERRORS = size(3, nightly=400)


@pytest.fixture
def crew(server_nursery: Nursery, agent_nursery: Nursery, tmp_path: Path) -> Iterator[Crew]:
    with a_stand(tmp_path / "site", server_nursery) as stand, a_crew(stand, agent_nursery) as crew:
        yield crew


Act = Callable[[Crew, str, Injection | None], int]


def carry_out(crew: Crew, calls: str, injection: Injection | None) -> int:
    """Have the agent take a job on, run it and bring its result home; return the job."""
    crew.wait_delivered(crew.submit())  # from now on its launcher runs, and is not watched
    with crew.watched(calls, injection):
        job_id = crew.submit()
        crew.wait_delivered(job_id)
    return job_id


def adopt_finished(crew: Crew, calls: str, injection: Injection | None) -> int:
    """Have it find a job that has ended without it, beside a directory that was never complete.

    An agent that failed while it removed the one of last time may have left that until this start.
    """
    job_id = crew.submit(is_gated=True)
    crew.wait_running(job_id)
    crew.agent.end()
    crew.open_gate()
    crew.wait_exited(job_id)
    (crew.work_dir / "attempts" / "999-1" / "work").mkdir(parents=True, exist_ok=True)
    return _start(crew, job_id, calls, injection)


def adopt_running(crew: Crew, calls: str, injection: Injection | None) -> int:
    """Have it find a job that runs, and ends in front of it."""
    job_id = crew.submit(is_gated=True)
    crew.wait_running(job_id)
    crew.agent.end()
    crew.open_gate()
    return _start(crew, job_id, calls, injection)


def _start(crew: Crew, job_id: int, calls: str, injection: Injection | None) -> int:
    crew.start(is_held=True)
    with crew.watched(calls, injection):
        crew.wait_delivered(job_id)
    return job_id


ADOPTIONS = size([adopt_finished], nightly=[adopt_finished, adopt_running])


@pytest.mark.parametrize("act", [carry_out, *ADOPTIONS])
def test_a_result_arrives_exactly_once_whenever_the_agent_dies(crew: Crew, act: Act) -> None:
    everywhere = look(crew, act, CALLS)
    crashes = 0
    for call, number in spread(everywhere, MOST_CRASHES):
        point = Injection(call=call, number=number, effect=KILL)
        job_id = act(crew, CALLS, point)
        crashes += crew.revive() != 0
        crew.wait_delivered(job_id)
        job = crew.job(job_id)
        assert (job["state"], job["attempt"]) == ("completed", 1), (point, job)
        assert crew.violations(set()) == [], point
    assert crashes > 0


@pytest.mark.parametrize("act", [carry_out, adopt_finished])
def test_an_agent_that_fails_once_reports_the_truth_or_gives_the_job_back(
    crew: Crew, act: Act
) -> None:
    calls = ",".join(ERRORS)
    everywhere = look(crew, act, calls, about=str(crew.work_dir))
    errors = [(*point, error) for point in everywhere for error in ERRORS[point[0]]]
    lost = set()
    for call, number, error in spread(errors, MOST_ERRORS):
        point = Injection(call=call, number=number, effect=f"error={error}")
        job_id = act(crew, calls, point)
        if not crew.agent.is_alive:
            assert crew.revive() > 0, (point, crew.agent.said)
            crew.wait_delivered(job_id)
        job = crew.job(job_id)
        assert job["state"] in {"completed", "queued"}, (point, job)
        if job["state"] == "queued":
            lost.add((job_id, 1))
            crew.stand.http.post(f"/api/v1/jobs/{job_id}/cancel").raise_for_status()
        assert crew.violations(lost) == [], point


def look(crew: Crew, act: Act, calls: str, *, about: str = "") -> list[tuple[str, int]]:
    """Do it once without a fault, to see at which calls something can happen."""
    act(crew, calls, None)
    return points(crew.log, about=about)


def spread(found: list[T], most: int) -> list[T]:
    """Choose so many, evenly; the same ones every day."""
    return found[:: -(-len(found) // most)]
