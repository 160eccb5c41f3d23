"""The files of one attempt: who writes them when, and what exactly is in them.

==============  ===========================================================  ====================
`spec.json`     what to run                                                  agent, before start
`lock`          locked for as long as the supervisor lives; holds its pid    shim
`exit.room`     as much of the disk as the exit record will need             shim, until its end
`started.json`  from here on the attempt must never be started again         shim, before the job
`cancel`        the next SIGTERM to the supervisor is a cancel               agent
`exit.json`     how it ended                                                 shim, last of all
`stdout.log`, `stderr.log`, `work/`                                          job
==============  ===========================================================  ====================

Records appear by rename, so they are complete or absent. They are not flushed: after a power cut
the attempt is lost anyway. Only the lock says who is alive, never a pid. All of them lie where the
job can put something else in their place: that is then no record, and never waited for or followed.
"""

import dataclasses
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar, get_args

from joborch.files.atomic import make_way, read_plain, write_atomic

SPEC = "spec.json"
LOCK = "lock"
STARTED = "started.json"
CANCEL = "cancel"
EXIT = "exit.json"
ROOM = "exit.room"
STDOUT = "stdout.log"
STDERR = "stderr.log"
WORK = "work"
_ROOM_BYTES = 4096


class Cause(StrEnum):
    """Why an attempt ended. The first reason wins: a job that exits while told to stop was told."""

    EXITED = "exited"
    """By itself, or by a signal that did not come from its supervisor."""
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    LEASE_LOST = "lease_lost"
    SHUTDOWN = "shutdown"
    """The supervisor was told to end, and not by a cancel: the host goes down."""
    CANNOT_START = "cannot_start"
    """The job's program was never executed; `detail` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What to run, and how long."""

    argv: tuple[str, ...] = ("bash", "run.sh")
    env: Mapping[str, str] = field(default_factory=dict)
    """All of the job's environment; `PATH` in it is where the program is looked for."""
    time_limit_s: float | None = None
    """Of CLOCK_MONOTONIC: time in which the host was suspended does not count."""
    grace_s: float = 10.0
    """Between SIGTERM and SIGKILL; 0 means SIGKILL at once."""
    lease_file: str | None = None
    """Holds the last acknowledged renewal: seconds of CLOCK_BOOTTIME, as text."""
    stop_after_s: float | None = None
    """The job is stopped when the last renewal is this old; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Who runs it. A pid means a process only together with its start and the boot."""

    pid: int
    """Of the job's main process, which also names its session and its process group."""
    start_ticks: int
    boot_id: str
    shim_pid: int
    shim_start_ticks: int
    started_at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it ended, as the parent of the job's main process saw it."""

    cause: Cause
    exit_code: int | None = None
    signal: int | None = None
    """The number of the signal that ended the main process; then there is no exit code."""
    started_at: float | None = None
    ended_at: float
    """Both in seconds since the epoch; for durations see `elapsed_s`."""
    elapsed_s: float = 0.0
    """How long the main process ran."""
    cpu_s: float = 0.0
    """Of all processes of the job, in user and system mode."""
    max_rss_kb: int = 0
    """Of its largest process; never less than what the supervisor itself takes, about 12 MB."""
    detail: str | None = None
    is_of_host: bool = False
    """With `CANNOT_START`: the program might well be executed on another host."""

    def __post_init__(self) -> None:
        # JSON only knows its value; a cause that is none raises ValueError.
        object.__setattr__(self, "cause", Cause(self.cause))


Record = TypeVar("Record", Spec, Started, Ended)


def write_spec(directory: Path, spec: Spec) -> None:
    """Say what to run; before the attempt is started."""
    # Whatever mapping it is: only a dict can be copied and encoded.
    _write(directory / SPEC, dataclasses.asdict(dataclasses.replace(spec, env=dict(spec.env))))


def read_spec(directory: Path) -> Spec:
    """Read what to run; raises OSError or ValueError when nobody said so, or not clearly."""
    spec = _decode(read_plain(directory / SPEC), Spec)
    if not spec.argv:
        raise ValueError(f"{SPEC} names no program")
    return dataclasses.replace(spec, argv=tuple(spec.argv))


def write_started(directory: Path, started: Started) -> None:
    """Record that the attempt must never be started again."""
    _write(directory / STARTED, dataclasses.asdict(started))


def has_started(directory: Path) -> bool:
    """Whether the attempt has ever been started; in doubt, it has."""
    return os.path.lexists(directory / STARTED) or os.path.lexists(directory / EXIT)


def read_started(directory: Path) -> Started | None:
    """Read who runs the attempt; None when it never started, or a power cut tore the record."""
    return _read(directory / STARTED, Started)


def keep_room(directory: Path) -> None:
    """Take as much of the disk as the exit record will need, before the job can fill it."""
    write_atomic(directory / ROOM, bytes(_ROOM_BYTES))


def write_ended(directory: Path, ended: Ended) -> None:
    """Record how the attempt ended, where there was room for it."""
    make_way(directory / EXIT)
    with suppress(OSError):
        (directory / ROOM).unlink()
    _write(directory / EXIT, dataclasses.asdict(ended))


def read_ended(directory: Path) -> Ended | None:
    """Read how the attempt ended; final only once the lock is free. None as in `read_started`."""
    return _read(directory / EXIT, Ended)


def write_cancel(directory: Path, grace_s: float | None) -> None:
    """Mark that the supervisor's next SIGTERM is a cancel; None leaves the grace to the spec."""
    make_way(directory / CANCEL)
    _write(directory / CANCEL, {"grace_s": grace_s})


def read_cancel(directory: Path, default_grace_s: float) -> float | None:
    """Read the grace of a cancel; None when there is none."""
    try:
        grace_s = json.loads(read_plain(directory / CANCEL)).get("grace_s")
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError, RecursionError):
        grace_s = None
    return float(grace_s) if isinstance(grace_s, int | float) else default_grace_s


def write_renewal(lease_file: Path, at: float) -> None:
    """Note the last acknowledged renewal of a lease, in seconds of CLOCK_BOOTTIME."""
    write_atomic(lease_file, f"{at:.3f}\n".encode())


def read_renewal(lease_file: Path) -> float | None:
    """Read the last renewal; None when the file is missing or no number."""
    try:
        return float(read_plain(lease_file))
    except (OSError, ValueError):
        return None


def _write(path: Path, content: Mapping[str, object]) -> None:
    write_atomic(path, json.dumps(content).encode())


def _read(path: Path, kind: type[Record]) -> Record | None:
    try:
        record = _decode(read_plain(path), kind)
    except (FileNotFoundError, ValueError):
        return None
    return record if _is_sound(record) else None


def _is_sound(record: Record) -> bool:
    """Whether every field is of its kind, be it that the job has written the record itself."""
    kinds = {known.name: known.type for known in dataclasses.fields(record)}
    return all(_is_of(kind, getattr(record, name)) for name, kind in kinds.items())


def _is_of(kind: object, value: object) -> bool:
    kinds = set(get_args(kind) or (kind,))
    return type(value) in kinds or (type(value) is int and float in kinds)


def _decode(data: bytes, kind: type[Record]) -> Record:
    """Build a record; fields we do not know, of a newer version, are left out."""
    try:
        content = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deep for a record") from error
    known = {known.name for known in dataclasses.fields(kind)}
    try:
        return kind(**{name: value for name, value in content.items() if name in known})
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not a {kind.__name__} record: {error}") from error
