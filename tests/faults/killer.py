"""A killer of processes that is random and yet the same for the same seed.

It kills with SIGKILL, one process at a time, and only one that it has proven to belong to the
site: through a descriptor of the process, opened before the proof, so that no pid can be used again
in between. What it is about to do is written down first.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from joborch.agent.runner import phases, processes

SERVER, AGENT, SHIM, LAUNCHER, JOB = "server", "agent", "shim", "launcher", "job"
KINDS = (SERVER, AGENT, SHIM, LAUNCHER, JOB)

Attempt = tuple[int, int]
"""A job's id and the number of an attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One process that was killed."""

    kind: str
    pid: int
    attempts: frozenset[Attempt] = frozenset()
    """Whose process it was; none for a server or an agent."""


@dataclass(frozen=True, slots=True)
class _Victim:
    """A process that may be killed, if it still is what it was taken for."""

    kill: Kill
    is_still_it: Callable[[], bool]


@dataclass(slots=True)
class Killer:
    """Kills processes of jobs below ``home``, whose subdirectories are those of agents."""

    home: Path
    dice: random.Random
    most_attempts: int = 1
    """Attempts of a higher number are spared: each loss doubles the time that a job waits."""
    kills: list[Kill] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """How many were killed, by kind."""
        return Counter(kill.kind for kill in self.kills)

    def of(self, *kinds: str) -> set[Attempt]:
        """Return the attempts that lost a process of these kinds."""
        return {key for kill in self.kills if kill.kind in kinds for key in kill.attempts}

    def note(self, kind: str, pid: int) -> None:
        """Write down that a child of the test is going to be killed by its owner."""
        self.kills.append(Kill(kind=kind, pid=pid))

    def strike(self, kind: str) -> bool:
        """Kill a shim, a launcher or a job's process; False if there is none to kill."""
        victims = {SHIM: self._shims, LAUNCHER: self._launchers, JOB: self._jobs}[kind]()
        if not victims:
            return False
        return self._execute(self.dice.choice(victims))

    def _execute(self, victim: _Victim) -> bool:
        with _opened(victim.kill.pid) as process:
            if process is None or not victim.is_still_it():
                return False
            self.kills.append(victim.kill)
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
            return True

    def _shims(self) -> list[_Victim]:
        return [
            _Victim(_kill(SHIM, pid, key), partial(_is_supervisor, pid, folder))
            for folder in sorted(self.home.glob("*/attempts/*"))
            if (key := attempt_of(folder)) and key[1] <= self.most_attempts
            if (pid := _supervisor(folder)) is not None
        ]

    def _launchers(self) -> list[_Victim]:
        return [
            _Victim(_kill(LAUNCHER, pid), partial(is_launcher, pid, self.home))
            for pid in launchers(self.home)
        ]

    def _jobs(self) -> list[_Victim]:
        return [
            _Victim(_kill(JOB, pid, key), partial(_is_of_attempt, pid, key, self.home))
            for pid, key in processes_of_jobs(self.home).items()
        ]


def processes_of_jobs(home: Path) -> dict[int, Attempt]:
    """Return the living processes that were started for some attempt below ``home``."""
    found = {
        each.pid: process_of_job(each.pid, home) for each in processes.everything() if each.is_alive
    }
    return {pid: key for pid, key in found.items() if key is not None}


def process_of_job(pid: int, home: Path) -> Attempt | None:
    """Return the attempt that a process was started for; None if for none below ``home``."""
    try:
        entries = (Path("/proc") / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    known = dict(entry.split(b"=", 1) for entry in entries if b"=" in entry)
    if not known.get(b"JOBORCH_WORKDIR", b"").startswith(os.fsencode(home) + b"/"):
        return None
    return int(known[b"JOBORCH_JOB_ID"]), int(known[b"JOBORCH_ATTEMPT"])


def is_launcher(pid: int, home: Path) -> bool:
    """Whether a process is the launcher of an agent below ``home``.

    What it forks looks like it for a while. But a shim leads a session only once it holds an
    attempt's lock, and the parent of a job's process is a shim.
    """
    process = processes.look(pid)
    if process is None or not process.is_alive or process.session != pid:
        return False
    if not _is_runner(pid) or _is_runner(process.parent):
        return False
    try:
        links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False
    is_ours = any(link.name == "launcher.log" and link.is_relative_to(home) for link in links)
    return is_ours and not any(link.name == "lock" for link in links)


def launchers(home: Path) -> list[int]:
    """Return the launchers of all agents below ``home``, those of dead agents included."""
    return [each.pid for each in processes.everything() if is_launcher(each.pid, home)]


def attempt_of(folder: Path) -> Attempt | None:
    """Return the attempt whose directory this is; None for one that is on its way out."""
    job, _, number = folder.name.partition("-")
    return (int(job), int(number)) if job.isdigit() and number.isdigit() else None


def _kill(kind: str, pid: int, *attempts: Attempt) -> Kill:
    return Kill(kind=kind, pid=pid, attempts=frozenset(attempts))


def _is_of_attempt(pid: int, key: Attempt, home: Path) -> bool:
    return process_of_job(pid, home) == key


def _is_supervisor(pid: int, folder: Path) -> bool:
    return _supervisor(folder) == pid


def _is_runner(pid: int) -> bool:
    try:
        return b"joborch.agent.runner.launcher" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _supervisor(folder: Path) -> int | None:
    """Return the pid of an attempt's supervisor, if it has one now."""
    try:
        phase = phases.inspect(folder)
    except OSError:
        return None
    return phase.shim_pid if isinstance(phase, phases.Running) else None


@contextmanager
def _opened(pid: int) -> Iterator[int | None]:
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield process
    finally:
        os.close(process)
