"""A service whose jobs take their turns by the real scheduler, in no time: to judge guesses by."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from random import Random

from joborch.domain.agents import Capacity
from joborch.domain.estimates import Estimate
from joborch.domain.forecast import Line, start_of_last
from joborch.domain.quotas import Limits, Usage
from joborch.domain.scheduling import AgentRoom, Candidate, Snapshot, plan
from tests.support.builders import NOON, a_candidate

Runs = Callable[[Random], float]
"""Rolls how long a job takes."""
SERVICE = "example"


class SimulatedLine:
    """Users, their jobs, and the slots that they share."""

    def __init__(self, random: Random, runs: Runs, *, slots: int, limits: Limits) -> None:
        self.waiting: list[Candidate] = []
        self._now_s = 0.0
        self._started_s: dict[int, float] = {}
        self._slots, self._limits = slots, limits
        self._random, self._runs = random, runs
        self._ends: list[tuple[float, int, Candidate]] = []
        self._served: dict[str, int] = {}

    def submit(self, user_id: str, *, priority: int, jobs: int) -> None:
        """Queue jobs behind what waits with the same priority."""
        first = len(self.waiting) + len(self._started_s) + 1
        for job_id in range(first, first + jobs):
            self.waiting.append(a_candidate(job_id, user_id=user_id, priority=priority))
        self.waiting.sort(key=_turn)

    def dispatch(self) -> None:
        """Start what the scheduler starts now."""
        for assignment in plan(self._snapshot()).assignments:
            job = next(job for job in self.waiting if job.job_id == assignment.job_id)
            self.waiting.remove(job)
            self._started_s[job.job_id] = self._now_s
            self._served[job.user_id] = len(self._started_s)
            end_s = self._now_s + self._runs(self._random)
            heapq.heappush(self._ends, (end_s, job.job_id, job))

    def step(self) -> None:
        """Go to the next end of a job."""
        self._now_s, *_ = heapq.heappop(self._ends)
        self.dispatch()

    def pass_a_while(self) -> None:
        """Let some of the time pass until the next end."""
        self._now_s += (self._ends[0][0] - self._now_s) * self._random.random()

    def estimate(self, job: Candidate, history_s: list[float]) -> Estimate:
        """Estimate when a waiting job starts, from nothing but what a server knows."""
        users = {each.user_id for each in self.waiting} | {each.user_id for *_, each in self._ends}
        mine = [
            each
            for each in self.waiting
            if each.user_id == job.user_id and _turn(each) <= _turn(job)
        ]
        others = [
            self._line(user_id, (each for each in self.waiting if each.user_id == user_id))
            for user_id in sorted(users - {job.user_id})
        ]
        slots = min(self._slots, self._limits.total or self._slots)
        found = start_of_last(
            self._line(job.user_id, mine), others, slots=slots, history_s=history_s
        )
        assert found is not None
        return found

    def truth_s(self, job: Candidate) -> float:
        """Go on until the job starts, and return how long that took."""
        asked_s = self._now_s
        while job.job_id not in self._started_s:
            self.step()
        return self._started_s[job.job_id] - asked_s

    def _line(self, user_id: str, waiting: Iterable[Candidate]) -> Line:
        priorities = Counter(job.priority for job in waiting)
        active = [job_id for _, job_id, job in self._ends if job.user_id == user_id]
        return Line(
            limit=self._limits.per_user,
            waiting=sorted(priorities.items(), reverse=True),
            active_s=[self._now_s - self._started_s[job_id] for job_id in active],
            served=self._served.get(user_id, 0),
        )

    def _snapshot(self) -> Snapshot:
        active = Counter(job.user_id for *_, job in self._ends)
        free = self._slots - len(self._ends)
        room = AgentRoom(agent_id="one", services={SERVICE: free}, free=Capacity(slots=free))
        return Snapshot(
            candidates=tuple(self.waiting),
            limits={SERVICE: self._limits},
            usage={
                (SERVICE, user_id): Usage(
                    service=SERVICE,
                    user_id=user_id,
                    active=active[user_id],
                    queued=0,
                    served_at=NOON + timedelta(seconds=number),
                )
                for user_id, number in self._served.items()
            },
            active={SERVICE: len(self._ends)},
            batch_room={},
            agents=(room,),
        )


def a_line(random: Random, runs: Runs) -> SimulatedLine:
    """Roll a site at some moment of its day: some jobs run, and at least one waits."""
    total = random.choice([None, None, 3])
    limits = Limits(per_user=random.randint(1, 5), total=total)
    line = SimulatedLine(random, runs, slots=random.randint(1, 8), limits=limits)
    for user_id in ("ann", "bob", "cid", "dot")[: random.randint(1, 4)]:
        line.submit(user_id, priority=random.choice([50, 50, 50, 80]), jobs=random.randint(1, 15))
    line.submit("ann", priority=20, jobs=random.randint(6, 9))
    line.dispatch()
    for _ in range(random.randint(0, 6)):
        if len(line.waiting) > 1:
            line.step()
    line.pass_a_while()
    return line


def _turn(job: Candidate) -> tuple[int, int]:
    return (-job.priority, job.job_id)
