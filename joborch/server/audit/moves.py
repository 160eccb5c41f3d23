"""I1, I2, I4, and the losses of I9: what happened to each job, by the log, against the table.

Histories are read one job at a time, in the order of the jobs: memory does not grow with their
number.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from joborch.domain.invariants import Finding, Invariant
from joborch.domain.states import ACTIVE, TERMINAL, TRANSITIONS, JobEvent, JobFact
from joborch.server.audit.ledger import Ledger

TABLE: dict[tuple[str | None, str], str] = {(*key,): state for key, state in TRANSITIONS.items()}
FACTS = frozenset(fact.value for fact in JobFact)
LOSSES = frozenset({JobEvent.REQUEUE.value, JobEvent.LOSE.value})
REMEDY = "keep a copy of the database and report this; nothing but a bug or a failing disk does it"


class Step(NamedTuple):
    """An event as it is stored."""

    event: str
    attempt: int
    before: str | None
    after: str

    def __str__(self) -> str:
        """Draw it as an arrow."""
        return f"{self.before} --{self.event}--> {self.after}"


class History(NamedTuple):
    """A job's own row, and all that happened to it."""

    job_id: int
    state: str
    attempt: int
    losses: int
    has_end: bool
    has_holder: bool
    steps: list[Step]

    @property
    def moves(self) -> list[Step]:
        """What moved it."""
        return [step for step in self.steps if step.event not in FACTS]

    def finding(self, invariant: Invariant, message: str) -> Finding:
        """Say what is wrong with this job."""
        return Finding(invariant=invariant, job_id=self.job_id, message=message, remedy=REMEDY)


def histories(ledger: Ledger) -> Iterator[History]:
    """Yield every job with its events, in the order in which they were committed."""
    rows = ledger.execute(
        "SELECT j.id, j.state, j.attempt, j.losses, j.finished_at IS NOT NULL,"
        " j.agent_id IS NOT NULL, e.event, e.attempt, e.from_state, e.to_state"
        " FROM jobs j LEFT JOIN events e ON e.job_id = j.id ORDER BY j.id, e.seq"
    )
    rows.row_factory = None
    for _, group in groupby(rows, key=itemgetter(0)):
        own = list(group)
        steps = [Step(*row[6:]) for row in own if row[6] is not None]
        yield History._make([*own[0][:6], steps])


def check(history: History) -> Iterator[Finding]:
    """Look at one job's history in every way."""
    for look in (ends_once, follows_the_table, counts_attempts, counts_losses):
        yield from look(history)


def ends_once(history: History) -> Iterator[Finding]:
    """I1: a job that has ended has one event that ended it, and none that moves it after that."""
    moves = history.moves
    ends = [place for place, move in enumerate(moves) if move.after in TERMINAL]
    if len(ends) > 1:
        yield history.finding(Invariant.I1, f"ended {len(ends)} times")
    if ends and ends[0] != len(moves) - 1:
        yield history.finding(Invariant.I1, "moved after its end")
    if history.has_end != (history.state in TERMINAL):
        said = "has" if history.has_end else "has no"
        yield history.finding(Invariant.I1, f"is {history.state} and {said} time of its end")


def follows_the_table(history: History) -> Iterator[Finding]:
    """I2: the events of a job are a path of the table, from nowhere to the state that it is in."""
    state: str | None = None
    for step in history.steps:
        if step.before != state or not _is_possible(step):
            yield history.finding(Invariant.I2, f"{step} while it was {state}")
        state = step.after
    if state != history.state:
        yield history.finding(Invariant.I2, f"is {history.state}, by its events {state}")
    if history.has_holder != (history.state in ACTIVE):
        said = "held by an agent" if history.has_holder else "held by no agent"
        yield history.finding(Invariant.I2, f"is {history.state} and {said}")


def counts_attempts(history: History) -> Iterator[Finding]:
    """I4: each assignment is the next attempt, all else is of the newest, and so is the job."""
    attempt = 0
    for step in history.steps:
        expected = attempt + (step.event == JobEvent.ASSIGN)
        if step.attempt != expected:
            message = f"{step} was of attempt {step.attempt}, not of {expected}"
            yield history.finding(Invariant.I4, message)
        attempt = step.attempt
    if attempt != history.attempt:
        message = f"is at attempt {history.attempt}, by its events at {attempt}"
        yield history.finding(Invariant.I4, message)


def counts_losses(history: History) -> Iterator[Finding]:
    """I9: as often as the job is said to have been lost, its events tell of it."""
    told = sum(step.event in LOSSES for step in history.steps)
    if told != history.losses:
        message = f"was lost {history.losses} times, by its events {told}"
        yield history.finding(Invariant.I9, message)


def _is_possible(step: Step) -> bool:
    if step.event in FACTS:
        return step.before == step.after
    return TABLE.get((step.before, step.event)) == step.after
