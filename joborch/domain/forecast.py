"""When a waiting job starts: the lines of its service, played forward many times.

In each play the jobs that run take as long as others took before, and the turns go as
:mod:`joborch.domain.scheduling` has them: priority, then who has the fewest active jobs, then who
was served longest ago. It supposes that each job takes one slot, that nothing else is submitted,
and that agents neither come nor go.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, stdev

from joborch.domain.estimates import FEWEST, Estimate, summed_up

PLAYS, FEWEST_PLAYS = 60, 20
LINES = 10
"""With more lines than these, each play takes longer, and fewer are played."""
MOST_STARTS = 400
"""A play is not longer; what lies beyond goes on at the pace until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one user has of a service."""

    limit: int
    waiting: Sequence[tuple[int, int]] = ()
    """Priorities, highest first, and how many jobs of each wait."""
    active_s: Sequence[float] = ()
    """For how long each active job has held its slot."""
    served: int = 0
    """The smaller, the longer ago this user was served."""

    @property
    def ahead(self) -> int:
        """How many jobs are in front of the last one."""
        return max(sum(jobs for _, jobs in self.waiting) - 1, 0)


def start_of_last(
    mine: Line, others: Sequence[Line], *, slots: int, history_s: Sequence[float]
) -> Estimate | None:
    """Estimate when the last job of ``mine`` starts, in a pool of ``slots`` that all share.

    ``history_s`` says for how long jobs held their slots, at least :data:`FEWEST` of them. Returns
    None if it never starts: some limit is zero. The same question has always the same answer.
    """
    if len(history_s) < FEWEST:
        raise ValueError("too little history")
    if slots < 1 or mine.limit < 1:
        return None
    random = Random(PLAYS)  # noqa: S311 - dice, no secrets
    table = _Table([mine, *others], slots, history_s, _doubt(history_s), random)
    plays = max(PLAYS * LINES // max(len(table.lines), LINES), FEWEST_PLAYS)
    return summed_up([_Play(table).result_s() for _ in range(plays)])


@dataclass(frozen=True, slots=True)
class _Table:
    """What all plays begin with."""

    lines: Sequence[Line]
    slots: int
    history_s: Sequence[float]
    doubt: float
    """By what part the mean of the history may be off, as a standard deviation."""
    random: Random

    def history(self) -> list[float]:
        """Return one of the ways in which the history might have come.

        Other runs would have been repeated, and all been longer or shorter.
        """
        pace = math.exp(self.random.gauss(0, self.doubt))
        again_s = self.random.choices(self.history_s, k=len(self.history_s))
        return [run_s * pace for run_s in again_s]


@dataclass(slots=True)
class _Turn:
    """A line while it is played."""

    limit: int
    waiting: list[tuple[int, int]]
    """As in :class:`Line`, but the next to start comes last."""
    active: int
    served: int
    started: int = 0

    def start(self, served: int) -> None:
        priority, jobs = self.waiting.pop()
        if jobs > 1:
            self.waiting.append((priority, jobs - 1))
        self.active += 1
        self.started += 1
        self.served = served


class _Play:
    """One way of how it may come."""

    def __init__(self, table: _Table) -> None:
        self._lines, self._slots, self._random = table.lines, table.slots, table.random
        self._history_s = table.history()
        self._now_s = 0.0
        self._turns = [
            _Turn(
                limit=line.limit,
                waiting=[*reversed(line.waiting)],
                active=len(line.active_s),
                served=line.served,
            )
            for line in self._lines
        ]
        self._ends = [
            (self._left_s(held_s), number)
            for number, line in enumerate(self._lines)
            for held_s in line.active_s
        ]
        """When the active jobs end, and whose line each is of; a heap."""
        heapq.heapify(self._ends)

    def result_s(self) -> float:
        """Play until the last job of the first line starts."""
        mine = self._turns[0]
        begun = max(turn.served for turn in self._turns)
        for starts in range(MOST_STARTS):
            number = self._next()
            self._turns[number].start(begun + starts + 1)
            if not mine.waiting:
                return self._now_s
            heapq.heappush(self._ends, (self._now_s + self._run_s(), number))
        return self._at_this_pace_s()

    def _next(self) -> int:
        """Return whose turn it is, after the ends that have to come first."""
        while True:
            if len(self._ends) < self._slots:
                able = [
                    (-turn.waiting[-1][0], turn.active, turn.served, number)
                    for number, turn in enumerate(self._turns)
                    if turn.waiting and turn.active < turn.limit
                ]
                if able:
                    return min(able)[-1]
            self._now_s, number = heapq.heappop(self._ends)
            self._turns[number].active -= 1

    def _at_this_pace_s(self) -> float:
        """Go on in proportion: to the line's own progress, or if it made none, to everybody's."""
        mine, line = self._turns[0], self._lines[0]
        if mine.started:
            return self._now_s * line.ahead / mine.started
        priority = line.waiting[-1][0]
        before = sum(
            jobs for other in self._lines[1:] for rank, jobs in other.waiting if rank >= priority
        )
        return self._now_s * max(line.ahead + before, MOST_STARTS) / MOST_STARTS

    def _run_s(self) -> float:
        return self._history_s[int(self._random.random() * len(self._history_s))]

    def _left_s(self, held_s: float) -> float:
        """Return how long a job goes on that has held its slot so long, as longer ones did.

        One that outlasts them all goes on for as much as any two of them differ, and for about
        as long again as it has lasted beyond the longest: it may be of another kind.
        """
        longer = [run_s for run_s in self._history_s if run_s > held_s]
        if longer:
            return self._random.choice(longer) - held_s
        beyond_s = held_s - max(self._history_s)
        return abs(self._run_s() - self._run_s()) + beyond_s * self._random.expovariate(1)


def _doubt(history_s: Sequence[float]) -> float:
    """Return more than the usual error of a mean: few runs know little of how much they vary."""
    mean_s = fmean(history_s)
    return stdev(history_s) / mean_s / math.sqrt(len(history_s) - 2) if mean_s else 0.0
