"""Agents that are cut off for longer than their leases, and what their jobs wrote meanwhile.

Three at once, since each takes its time: one goes on, one hangs, and one is dead. The jobs hold on
as long as they can: they ignore SIGTERM.
"""

import re
import signal
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.faults.branches import Branches, hanging
from tests.faults.oracle import Mark, read_marks
from tests.support.waiting import wait_until

GOES_ON, HANGS, DIES, SPARE = "compute-1", "compute-2", "compute-3", "compute-4"
CUT_OFF = (GOES_ON, HANGS, DIES)

_SCRIPT = """\
trap '' TERM
mark() {{
  read -r up idle </proc/uptime
  printf '%s %s %s %s\\n' "$1" "$JOBORCH_JOB_ID" "$JOBORCH_ATTEMPT" "$up" >>{file}
}}
mark start
while [ "$JOBORCH_ATTEMPT" = 1 ] || [ "$((ticks += 1))" -lt 5 ]; do mark tick; sleep 0.05; done
echo "attempt $JOBORCH_ATTEMPT" >out.txt
mark end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The moments of a job that went from one host to another, in CLOCK_BOOTTIME."""

    first_ended: float
    """The last that the first attempt wrote."""
    lost: float
    """When the server might have given up on it, had it answered a poll right before the cut."""
    given_up: float
    """When it did."""
    second_began: float

    def __str__(self) -> str:
        gap_s = self.second_began - self.first_ended
        return (
            f"last mark {self.first_ended:.2f}, lost {self.lost:.2f},"
            f" given up {self.given_up:.2f}, anew {self.second_began:.2f}: {gap_s:.2f} s between"
        )


@dataclass(slots=True)
class Partition:
    """A site with four agents, and what came of the jobs of the three that were cut off."""

    place: Branches
    lost_after_s: float
    jobs: list[dict[str, Any]] = field(default_factory=list)
    stories: list[list[dict[str, Any]]] = field(default_factory=list)
    """The events of each job."""
    results: list[str] = field(default_factory=list)
    said: str = ""
    """By the server and all agents."""
    marks: list[Mark] = field(default_factory=list)
    cut_at: float = 0.0
    """In CLOCK_BOOTTIME."""

    def run(self) -> None:
        """Cut the agents off, wait until their jobs have ended elsewhere, and let them return."""
        self._oracle.mkdir()
        self.place.site.serve("--service", f"work:lost_after={self.lost_after_s}s,per_user=9")
        agents = self.place.start_all(CUT_OFF, "work:1")
        job_ids = [self._submit(name) for name in CUT_OFF]
        for job_id in job_ids:
            self.place.site.wait(job_id, until="running")
        self._cut_off()
        agents[DIES].end(signal.SIGKILL)
        with hanging(agents[HANGS]):
            self.place.start(SPARE, "work:3")
            self.jobs = [self.place.site.wait(job_id) for job_id in job_ids]
        self._let_return()
        self.stories = [self.place.site.events(job_id) for job_id in job_ids]
        self.results = [self._result_of(job_id) for job_id in job_ids]
        self.said = "".join(running.said for running in self.place.site.started)
        self.marks = read_marks(self._oracle)

    @property
    def handovers(self) -> list[Handover]:
        """What each job wrote, and the server knew of it."""
        return [self._handover(story) for story in self.stories]

    @property
    def late_reports(self) -> set[str]:
        """What became of reports of first attempts; one that was told to stop sends none."""
        return set(
            re.findall(r'"attempt reported".*"attempt": 1,.*"disposition": "(\w+)"', self.said)
        )

    @property
    def _oracle(self) -> Path:
        return self.place.site.home / "oracle"

    def _submit(self, name: str) -> int:
        script = _SCRIPT.format(file=self._oracle / name)
        return self.place.site.submit(script, service="work")[0]

    def _cut_off(self) -> None:
        self.cut_at = time.clock_gettime(time.CLOCK_BOOTTIME)
        for name in CUT_OFF:
            self.place.host_of(name).cut()

    def _let_return(self) -> None:
        self.place.network.heal()
        self.place.start(DIES, "work:1")
        wait_until(
            lambda: not any(self.place.has_attempts(name) for name in CUT_OFF),
            timeout=30,
            describe=lambda: [running.said for running in self.place.site.started],
        )

    def _result_of(self, job_id: int) -> str:
        return self.place.site.get(f"/api/v1/jobs/{job_id}/files/result/out.txt").text

    def _handover(self, story: list[dict[str, Any]]) -> Handover:
        own = [mark for mark in self.marks if mark.job_id == story[0]["job_id"]]
        requeued = next(event for event in story if event["event"] == "requeue")
        return Handover(
            first_ended=max(mark.at for mark in own if mark.attempt == 1),
            lost=self.cut_at + self.lost_after_s,
            given_up=_boottime_of(requeued["at"]),
            second_began=min(mark.at for mark in own if mark.attempt == 2),
        )


def _boottime_of(wall: str) -> float:
    """Return the CLOCK_BOOTTIME of a moment, as both clocks stand to each other now."""
    ago_s = time.time() - datetime.fromisoformat(wall).timestamp()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ago_s
