"""Waiting for a job to end, and making it end when its time is up or somebody says so.

Nothing is polled: the shim sleeps until a signal, a deadline or the lease's alarm wakes it. The
time limit counts CLOCK_MONOTONIC, because a job does no work while its host is suspended; the lease
and the grace after it count CLOCK_BOOTTIME, because the server, which may give the job to another
agent, goes on.
"""

import math
import os
import select
import signal
import time
from pathlib import Path

from joborch.agent.runner import linux, processes, records
from joborch.agent.runner.records import Cause
from joborch.agent.runner.signals import SignalPipe

_KILL_AGAIN_AFTER_S = 1.0
_LONGEST_SLEEP_S = 86400.0
"""Poll cannot count further than 24 days."""


class Watch:
    """The job's main process, from its start to its end."""

    def __init__(
        self, spec: records.Spec, directory: Path, *, job_pid: int, signals: SignalPipe
    ) -> None:
        self._directory = directory
        self._job_pid = job_pid
        self._grace_s = spec.grace_s
        self.signals = signals
        self._lease = Lease(spec)
        self._cause: Cause | None = None
        self._limit_at = time.monotonic() + _or_never(spec.time_limit_s)
        self._kill_at = math.inf
        self._was_killed = False
        self._poll = select.poll()
        self._poll.register(signals, select.POLLIN)
        self._poll.register(self._lease, select.POLLIN)

    def until_ended(self) -> tuple[Cause, int]:
        """Wait for the main process. Returns why it ended, and its status as waitpid gave it."""
        arrived = self.signals.drain()
        # Reaped after draining, or an end in between would go unnoticed; and before obeying, so
        # that a job which ended by itself is not taken for a cancelled one.
        while (status := self._reap()) is None:
            if signal.SIGTERM in arrived:
                self._obey()
            self._enforce()
            arrived = self._sleep()
        return self._cause or Cause.EXITED, status

    def _reap(self) -> int | None:
        """Reap whatever has ended; the status of the main process once it has."""
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == self._job_pid:
                return status
            if pid == 0:
                return None

    def _enforce(self) -> None:
        if self._cause is None and time.monotonic() >= self._limit_at:
            self._stop(Cause.TIMED_OUT, self._grace_s)
        # Also of a job that is ending: it must not take longer for that than the lease allows.
        if self._lease.is_lost():
            self._stop(Cause.LEASE_LOST, self._lease.grace_left_s())
        if time.monotonic() >= self._kill_at:
            processes.kill_descendants(os.getpid())
            self._was_killed = True
            self._kill_at = time.monotonic() + _KILL_AGAIN_AFTER_S

    def _obey(self) -> None:
        """Do what a SIGTERM asks for; the marker tells a cancel from the end of the host."""
        grace_s = records.read_cancel(self._directory, self._grace_s)
        if grace_s is None:
            self._stop(Cause.SHUTDOWN, self._grace_s)
        else:
            self._stop(Cause.CANCELLED, grace_s)

    def _stop(self, cause: Cause, grace_s: float) -> None:
        """Begin to end the job; again, it can only shorten the grace."""
        if not self._was_killed:
            self._kill_at = min(self._kill_at, time.monotonic() + grace_s)
        if self._cause is None:
            self._cause = cause
            if grace_s > 0:
                processes.terminate_descendants(os.getpid())

    def _sleep(self) -> set[int]:
        """Wait until there may be something to do; the signals that have arrived."""
        limit_at = self._limit_at if self._cause is None else math.inf
        timeout_s = min(limit_at, self._kill_at) - time.monotonic()
        self._poll.poll(1000 * min(max(timeout_s, 0.0), _LONGEST_SLEEP_S))
        return self.signals.drain()


class Lease:
    """The permission to run, which the agent renews in a file; lost when that gets too old."""

    def __init__(self, spec: records.Spec) -> None:
        self._file = Path(spec.lease_file or os.devnull)
        self._stop_after_s = _or_never(spec.stop_after_s)
        self._grace_s = spec.grace_s
        self._renewed_at = linux.boottime()
        self._renewed_at = self._last_renewal() or self._renewed_at
        self._alarm = linux.BoottimeAlarm()
        self._set_alarm()

    def fileno(self) -> int:
        """A descriptor that is readable when it is time to ask `is_lost`."""
        return self._alarm.fileno()

    def is_lost(self) -> bool:
        """Whether the last renewal is too old; the file is only read when it seems to be."""
        if linux.boottime() < self._lost_at:
            return False
        self._renewed_at = max(self._renewed_at, self._last_renewal() or 0.0)
        self._set_alarm()
        return linux.boottime() >= self._lost_at

    def grace_left_s(self) -> float:
        """How much longer the job may take to end, once the lease is lost.

        Nothing, if that was noticed late: after a suspend, or by a supervisor that was stopped.
        """
        return max(0.0, self._lost_at + self._grace_s - linux.boottime())

    @property
    def _lost_at(self) -> float:
        return self._renewed_at + self._stop_after_s

    def _set_alarm(self) -> None:
        """Ring when the lease is lost as far as is known now, and again at the end of the grace."""
        now, ring_at = linux.boottime(), self._lost_at
        if ring_at <= now:
            ring_at += self._grace_s
        if now < ring_at < math.inf:
            self._alarm.set(ring_at)
        else:
            self._alarm.clear()

    def _last_renewal(self) -> float | None:
        """What the file says; not if that is in the future, for then it is from another boot."""
        renewal = records.read_renewal(self._file)
        return renewal if renewal is not None and 0 <= renewal <= linux.boottime() else None


def _or_never(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds
