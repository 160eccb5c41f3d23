"""A real agent that is made to die, or to fail, at a chosen system call, beside a real server."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGTERM

from joborch.agent.runner import phases
from tests.faults import invariants, oracle
from tests.faults.killer import Attempt, launchers
from tests.faults.nursery import Child, Nursery
from tests.faults.oracle import Ticket
from tests.faults.stand import Stand
from tests.faults.strace import Injection, watched
from tests.support.waiting import wait_until

_GATE = "while ! [ -e '{}' ]; do sleep 0.01; done\n"


@dataclass(slots=True)
class Crew:
    """An agent on a stand whose server nobody touches."""

    stand: Stand
    nursery: Nursery
    agent: Child = field(init=False)

    @property
    def home(self) -> Path:
        return self.stand.home

    @property
    def log(self) -> Path:
        """The calls that were watched last."""
        return self.stand.log

    @property
    def work_dir(self) -> Path:
        return self.home / "compute-1"

    @property
    def marks(self) -> Path:
        return self.home / "oracle"

    def start(self, *, is_held: bool = False) -> None:
        """Start the agent; the one before is over."""
        flags = {
            "server": str(self.stand.http.base_url),
            "name": "compute-1",
            "service": ["example:4"],
            "work_dir": str(self.work_dir),
        }
        self.agent = self.nursery.fork(flags, is_held=is_held)

    def revive(self) -> int:
        """Start the agent again if it has ended; return how it ended, or 0."""
        if self.agent.is_alive:
            return 0
        status = self.agent.wait()
        self.start()
        return status

    @contextmanager
    def watched(self, calls: str, injection: Injection | None = None) -> Iterator[None]:
        """Watch the agent in the block, and let it go on if it was held."""
        with watched(self.agent.pid, self.log, calls=calls, injection=injection):
            with suppress(ProcessLookupError):  # it may have been killed already
                os.kill(self.agent.pid, SIGCONT)
            yield

    def submit(self, *, is_gated: bool = False) -> int:
        """Submit a job, which may wait for :meth:`open_gate`."""
        name = f"ticket-{len(self.stand.tickets):04}"
        ticket = Ticket(name=name, user="ann", service="example", nap_s=0, status=0)
        self.stand.tickets.append(ticket)
        script = ticket.script(self.marks)
        if is_gated:
            script = script.replace("sleep 0.000\n", _GATE.format(self.home / name))
        form = {"user_id": "ann", "service": "example", "name": name}
        files = {"file": ("run.sh", script.encode())}
        answer = self.stand.http.post("/api/v1/jobs", data=form, files=files).raise_for_status()
        job_id = int(answer.json()["jobs"][0]["id"])
        self.stand.journal[name].append(job_id)
        return job_id

    def open_gate(self) -> None:
        """Let the job that was submitted last come to its end."""
        (self.home / self.stand.tickets[-1].name).touch()

    def folder(self, job_id: int) -> Path:
        return self.work_dir / "attempts" / f"{job_id}-1"

    def wait_running(self, job_id: int) -> None:
        self._wait(lambda: isinstance(self._phase(job_id), phases.Running))
        self._wait((self.marks / self.stand.tickets[-1].name).exists)

    def wait_exited(self, job_id: int) -> None:
        """Wait until the supervisor has written down how the job ended."""
        self._wait(lambda: isinstance(self._phase(job_id), phases.Finished))

    def wait_delivered(self, job_id: int) -> None:
        """Wait until the job has ended, or gone back to the queue; or the agent is dead."""
        wait_until(
            lambda: not self.agent.is_alive or self._is_delivered(job_id),
            timeout=20,
            describe=lambda: (self.agent.said, self._story(job_id)),
        )

    def job(self, job_id: int) -> dict[str, object]:
        answer = self.stand.http.get(f"/api/v1/jobs/{job_id}").raise_for_status()
        return dict(answer.json())

    def violations(self, lost: set[Attempt]) -> list[str]:
        """Check what must be true once all is delivered.

        ``lost`` attempts were given back; their jobs have been cancelled, and have no results.
        """
        marks = oracle.read_marks(self.marks)
        without = {f"job {job_id}: its results are missing" for job_id, _ in lost}
        with invariants.opened(self.stand.data / "joborch.db") as database:
            published = invariants.publishes_what_ran(
                database, self.stand.data, self.stand.tickets, disturbed=lost
            )
            return [
                *self.stand.violations(),
                *(line for line in published if line not in without),
                *invariants.never_overlaps(marks),
                *invariants.ran_if_it_ended(database, marks, disturbed=lost),
                *invariants.reruns_only_what_was_lost(database, lost),
            ]

    def end(self) -> None:
        """End the agent in good order, and its launcher with it."""
        self.revive()
        self.agent.end(SIGTERM)
        wait_until(lambda: not launchers(self.home), describe=lambda: launchers(self.home))

    def _is_delivered(self, job_id: int) -> bool:
        job = self.job(job_id)
        is_over = job["finished_at"] is not None or job["not_before"] is not None
        # Other things may be left: what could not be removed is the next process's to remove.
        return is_over and not [*(self.work_dir / "attempts").glob(f"{job_id}-*")]

    def _story(self, job_id: int) -> object:
        left = [path.name for path in (self.work_dir / "attempts").iterdir()]
        return left, self.stand.http.get(f"/api/v1/jobs/{job_id}/events").json()["items"]

    def _phase(self, job_id: int) -> object:
        try:
            return phases.inspect(self.folder(job_id))
        except OSError:
            return None

    def _wait(self, condition: Callable[[], object]) -> None:
        wait_until(condition, timeout=20, describe=lambda: self.agent.said)


@contextmanager
def a_crew(stand: Stand, nursery: Nursery) -> Iterator[Crew]:
    """Let an agent work on a stand."""
    crew = Crew(stand, nursery)
    crew.marks.mkdir()
    crew.start()
    try:
        yield crew
    finally:
        crew.end()
