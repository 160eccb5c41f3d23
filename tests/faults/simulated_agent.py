"""An agent that keeps the rules of the real one, in simulated time, without files and processes.

It polls, runs what it is given, ends it when its lease runs out, and reports until it is heard. Its
supervisors outlive its process, as the real ones do. What its host really does with each job is
written down, for others to judge.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol, TypeVar

from joborch.agent.leases import StopRule, stop_rule
from joborch.domain.agents import Agent
from joborch.wire.agents import KnownAttempt, Lease, Poll, PollAnswer

T = TypeVar("T")
Key = tuple[int, int]
"""Job and attempt."""

GRACE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the agent is held to. Without any one of them, attempts of a job overlap."""

    stops: bool = True
    """An attempt ends when its lease has not been renewed for too long."""
    lapses: bool = True
    """A lease that has run out stays so, though the server is heard of again."""


@dataclass(slots=True)
class Execution:
    """What really happened on a host: a job's process, from its start to its end."""

    key: Key
    agent: str
    began_at: float
    ended_at: float | None = None


@dataclass(slots=True)
class Attempt:
    """One attempt's directory."""

    lease: Lease
    phase: str = "leased"
    """``leased``, ``running``, ``ended``, or ``gone`` once nothing of it is left."""
    outcome: str = ""
    is_stopped: bool = False
    execution: Execution | None = None

    @property
    def key(self) -> Key:
        return (self.lease.job_id, self.lease.attempt)

    @property
    def rule(self) -> StopRule:
        return stop_rule(lost_after_s=self.lease.lost_after_s, grace_s=GRACE_S)


class Outside(Protocol):
    """What the agent sees of the world."""

    random: Random

    @property
    def now(self) -> float: ...

    def say(self, text: str) -> None: ...

    def after(self, delay_s: float, action: Callable[[], Any]) -> None: ...

    def send_poll(
        self,
        agent: "SimulatedAgent",
        said: Poll,
        answered: Callable[[PollAnswer], None],
        failed: Callable[[], None],
    ) -> None: ...

    def send_start(self, agent: "SimulatedAgent", lease: Lease) -> None: ...

    def send_report(
        self,
        agent: "SimulatedAgent",
        lease: Lease,
        outcome: str,
        answered: Callable[[str], None],
        failed: Callable[[], None],
    ) -> None: ...


@dataclass(slots=True)
class SimulatedAgent:
    """One host with its agent. ``process`` counts its processes: an earlier one does no more."""

    outside: Outside
    identity: Agent
    rules: Rules
    executions: list[Execution]
    attempts: dict[Key, Attempt] = field(default_factory=dict)
    marks: dict[int, int] = field(default_factory=dict)
    refused: dict[Key, Lease] = field(default_factory=dict)
    renewed_at: float | None = None
    incarnation: int = 0
    polls: int = 0
    process: int = 0
    is_up: bool = False

    @property
    def name(self) -> str:
        return self.identity.name

    def start(self) -> None:
        """Begin a process, which goes on where the one before it was."""
        self.process += 1
        self.incarnation += 1
        self.is_up = True
        self.outside.say(f"{self.name} starts, process {self.incarnation}")
        for key in sorted(self.attempts):
            self.attempts[key].is_stopped = False
            self._go_on(self.attempts[key])
        self._poll()

    def crash(self) -> None:
        """End the process; what runs goes on under its supervisors."""
        self.outside.say(f"{self.name} crashes")
        self.process += 1
        self.is_up = False
        self.refused.clear()

    def reboot(self) -> None:
        """End the host: nothing runs any more, the disk stays."""
        self.crash()
        self.outside.say(f"{self.name} is rebooted")
        for attempt in self.attempts.values():
            self._end_process(attempt)
            if attempt.phase in {"leased", "running"}:
                attempt.phase, attempt.outcome = "ended", "lost"

    def lose_disk(self, identity: Agent) -> None:
        """Come back as a new host with nothing on it."""
        self.reboot()
        self.outside.say(f"{self.name} loses its disk and becomes {identity.id}")
        for attempt in self.attempts.values():
            attempt.phase = "gone"
        self.attempts, self.marks, self.renewed_at = {}, {}, None
        self.identity, self.incarnation = identity, 0

    def _poll(self) -> None:
        known = [one.key for one in self.attempts.values() if not one.is_stopped]
        known += [*self.refused]
        self.polls += 1
        said = Poll(
            incarnation=self.incarnation,
            number=self.polls,
            known=[KnownAttempt(job_id=job, attempt=number) for job, number in known],
        )
        sent_at = self.outside.now
        self.outside.send_poll(
            self,
            said,
            self._now_only(lambda answer: self._obey(answer, sent_at)),
            self._later(self._poll, 0.5, 5),
        )

    def _obey(self, answer: PollAnswer, sent_at: float) -> None:
        if self.rules.lapses:
            self._end_lapsed()
        self.renewed_at = sent_at
        for lease in answer.leases:
            self._accept(lease)
        for order in answer.cancels:
            self._kill(self.attempts.get((order.job_id, order.attempt)), "cancelled")
        for stop in answer.stops:
            self._stop(self.attempts.get((stop.job_id, stop.attempt)))
        self._later(self._poll, 0.01, 0.2)()

    def _end_lapsed(self) -> None:
        for attempt in self.attempts.values():
            if not self._holds(attempt):
                self._kill(attempt, "lost")

    def _accept(self, lease: Lease) -> None:
        key = (lease.job_id, lease.attempt)
        if attempt := self.attempts.get(key):
            attempt.lease = lease
        elif lease.attempt <= self.marks.get(lease.job_id, 0):
            self.refused[key] = lease
            self._give_back(key)
        else:
            self.marks[lease.job_id] = lease.attempt
            self.attempts[key] = attempt = Attempt(lease)
            self._go_on(attempt)

    def _go_on(self, attempt: Attempt) -> None:
        """Do what is next for an attempt, as a new process does for each that it finds."""
        for older in self._older(attempt):
            self._stop(older)
        if attempt.phase == "ended":
            self._report(attempt)
        if attempt.phase == "leased":
            is_slow = self.outside.random.random() < 0.3
            self._later(lambda: self._begin(attempt), 0, 120 if is_slow else 1)()

    def _begin(self, attempt: Attempt) -> None:
        """Start it, unless its lease has run out or older attempts of the job are still here."""
        if attempt.phase != "leased" or attempt.is_stopped:
            return
        if self._older(attempt):
            self._later(lambda: self._begin(attempt), 0.5, 1)()
            return
        if not self._holds(attempt):
            self._finish(attempt, "lost")
            return
        attempt.phase = "running"
        attempt.execution = Execution(attempt.key, self.identity.id, self.outside.now)
        self.executions.append(attempt.execution)
        self.outside.say(f"{self.name} runs {attempt.key}")
        self._later(lambda: self.outside.send_start(self, attempt.lease), 0.05, 0.1)()
        outcome = self.outside.random.choice(["completed", "completed", "failed"])
        lasts_s = self.outside.random.choice([0.1, 10, 60, 150]) * self.outside.random.uniform(
            0.3, 1
        )
        self.outside.after(lasts_s, lambda: self._finish(attempt, outcome))
        self._watch(attempt)

    def _watch(self, attempt: Attempt) -> None:
        """The supervisor's alarm: it rings when the lease would be lost, and looks again."""
        if attempt.phase != "running" or not self.rules.stops:
            return
        if not self._holds(attempt):
            self._kill(attempt, "lost")
            return
        rings_at = (self.renewed_at or 0.0) + attempt.rule.stop_after_s
        self.outside.after(rings_at - self.outside.now + 0.001, lambda: self._watch(attempt))

    def _kill(self, attempt: Attempt | None, outcome: str) -> None:
        """End it; a process may take all of its grace."""
        if attempt is None or attempt.phase not in {"leased", "running"}:
            return
        takes_s = self.outside.random.random() * attempt.rule.grace_s
        if attempt.phase == "leased":
            self._finish(attempt, outcome)
        else:
            self.outside.after(takes_s, lambda: self._finish(attempt, outcome))

    def _finish(self, attempt: Attempt, outcome: str) -> None:
        if attempt.phase not in {"leased", "running"}:
            return
        self._end_process(attempt)
        attempt.phase, attempt.outcome = "ended", outcome
        self.outside.say(f"{self.name}: {attempt.key} ended as {outcome}")
        if attempt.is_stopped:
            self._forget(attempt)
        elif self.is_up:
            self._report(attempt)

    def _end_process(self, attempt: Attempt) -> None:
        if attempt.execution and attempt.execution.ended_at is None:
            attempt.execution.ended_at = self.outside.now

    def _stop(self, attempt: Attempt | None) -> None:
        """End it and report nothing: it is somebody else's."""
        if attempt is None or attempt.is_stopped:
            return
        attempt.is_stopped = True
        if attempt.phase == "ended":
            self._forget(attempt)
        self._kill(attempt, "stopped")

    def _report(self, attempt: Attempt) -> None:
        if attempt.phase != "ended" or attempt.is_stopped:
            return

        def answered(disposition: str) -> None:
            self.outside.say(f"{self.name}: report of {attempt.key} is {disposition}")
            self._forget(attempt)

        again = self._later(lambda: self._report(attempt), 0.5, 8)
        self.outside.send_report(
            self, attempt.lease, attempt.outcome, self._now_only(answered), again
        )

    def _give_back(self, key: Key) -> None:
        if key not in self.refused:
            return
        again = self._later(lambda: self._give_back(key), 0.5, 8)
        done = self._now_only(lambda _: self.refused.pop(key, None))
        self.outside.send_report(self, self.refused[key], "lost", done, again)

    def _forget(self, attempt: Attempt) -> None:
        attempt.phase = "gone"
        self.attempts.pop(attempt.key, None)

    def _older(self, attempt: Attempt) -> list[Attempt]:
        mine = [one for one in self.attempts.values() if one.key[0] == attempt.key[0]]
        return [one for one in mine if one.key[1] < attempt.key[1]]

    def _holds(self, attempt: Attempt) -> bool:
        if not self.rules.stops:
            return True
        return attempt.rule.allows_start(renewed_at=self.renewed_at, now=self.outside.now)

    def _later(
        self, action: Callable[[], None], least_s: float, most_s: float
    ) -> Callable[[], None]:
        """Have this process do it some time after the result is called; not a later process."""
        process = self.process

        def act() -> None:
            if process == self.process:
                action()

        return lambda: self.outside.after(self.outside.random.uniform(least_s, most_s), act)

    def _now_only(self, action: Callable[[T], object]) -> Callable[[T], None]:
        """Have only this process do it, not a later one."""
        process = self.process

        def act(value: T) -> None:
            if process == self.process:
                action(value)

        return act
