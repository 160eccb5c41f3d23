"""The supervisor of one attempt: forked by the launcher, alive for as long as the job.

It holds the attempt's lock, starts the job at most once, ever, and is the only one that says how it
ended. It depends on nobody: neither the agent nor the launcher has to be there.
"""

import errno
import fcntl
import os
import resource
import stat
import time
from contextlib import suppress
from pathlib import Path

from joborch.agent.runner import job, linux, processes, records
from joborch.agent.runner.records import Cause, Ended, Started
from joborch.agent.runner.signals import SignalPipe
from joborch.agent.runner.watch import Watch

EXIT_LOCKED = 90
"""Another supervisor has this attempt."""
EXIT_ALREADY_STARTED = 91
"""This attempt has been started before, and never will be again."""

_LOCK_TRIES = 10
_LOCK_PAUSE_S = 0.005
_RECORD_TRIES = 600
_RECORD_PAUSE_S = 1.0
_SHORTEST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 1.0


def supervise(attempt_dir: str, ready: int | None = None) -> int:
    """Run an attempt in this process, which must be single-threaded; returns an exit status.

    0: there is an exit record. EXIT_LOCKED, EXIT_ALREADY_STARTED: nothing was done. `ready` is a
    descriptor that gets one byte once the start is recorded. An exception means that the attempt
    ended without a record, because there was no room for one.
    """
    job.close_all_except(*([] if ready is None else [ready]))
    directory = Path(attempt_dir)
    lock = _take_lock(directory)
    if lock is None:
        return EXIT_LOCKED
    if records.has_started(directory):
        return EXIT_ALREADY_STARTED
    # Not possible, nor needed, for the leader of a process group.
    with suppress(PermissionError):
        os.setsid()
    linux.adopt_orphans()
    _record(directory, _run(directory, SignalPipe(), ready))
    return 0


def _take_lock(directory: Path) -> int | None:
    """Lock the attempt until this process ends; None if another supervisor has the lock.

    Who only looks whether it is locked has to lock it for an instant: hence several tries.
    """
    lock = os.open(directory / records.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_S)
        else:
            os.pwrite(lock, b"%-10d\n" % os.getpid(), 0)
            return lock
    os.close(lock)
    return None


def _run(directory: Path, signals: SignalPipe, ready: int | None) -> Ended:
    """Start the job and see it to its end, with nothing left of it."""
    try:
        spec = records.read_spec(directory)
        records.keep_room(directory)
        forked = job.fork_job(spec, directory)
    except (OSError, ValueError) as error:
        return _not_started(str(error), is_of_host=True)
    started = _identify(forked.pid)
    try:
        records.write_started(directory, started)
    except OSError as error:
        # Unless it gets the permission, the process ends without having run.
        os.close(forked.barrier)
        _clear(signals)
        return _not_started(f"the start could not be recorded: {error}", is_of_host=True)
    if ready is not None:
        _tell(ready)
    return _attend(Watch(spec, directory, job_pid=forked.pid, signals=signals), forked, started)


def _identify(pid: int) -> Started:
    process, shim = processes.look(pid), processes.look(os.getpid())
    if process is None or shim is None:
        raise RuntimeError("/proc does not show our own child")
    return Started(
        pid=pid,
        start_ticks=process.start_ticks,
        boot_id=linux.boot_id(),
        shim_pid=shim.pid,
        shim_start_ticks=shim.start_ticks,
        started_at=time.time(),
    )


def _tell(ready: int) -> None:
    # The launcher may have died; the job goes on.
    with suppress(BrokenPipeError):
        os.write(ready, b"s")
    os.close(ready)


def _attend(watch: Watch, forked: job.Job, started: Started) -> Ended:
    began = time.monotonic()
    failure = forked.release()
    cause, status = watch.until_ended()
    elapsed_s = time.monotonic() - began
    _clear(watch.signals)
    if failure is not None:
        return _not_started(failure.detail, is_of_host=failure.is_of_host)
    code = os.waitstatus_to_exitcode(status)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Ended(
        cause=cause,
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        started_at=started.started_at,
        ended_at=time.time(),
        elapsed_s=elapsed_s,
        cpu_s=used.ru_utime + used.ru_stime,
        max_rss_kb=used.ru_maxrss,
    )


def _not_started(detail: str, *, is_of_host: bool) -> Ended:
    return Ended(
        cause=Cause.CANNOT_START, detail=detail, is_of_host=is_of_host, ended_at=time.time()
    )


def _clear(signals: SignalPipe) -> None:
    """Kill and reap every descendant, until there is none.

    Orphans become our children, so none can hide. Each end of a child wakes us; the time-out is
    for those that forked faster than we looked.
    """
    pause_s = _SHORTEST_PAUSE_S
    while _reap_all():
        processes.kill_descendants(os.getpid())
        woken = signals.wait(pause_s)
        pause_s = _SHORTEST_PAUSE_S if woken else min(2 * pause_s, _LONGEST_PAUSE_S)


def _reap_all() -> bool:
    """Reap whatever has ended; whether children are left."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True


def _open_up(directory: Path) -> None:
    """Undo that the job has barred everybody from its directory; links are not followed."""
    with suppress(OSError):
        handle = os.open(directory, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC)
        Path(f"/proc/self/fd/{handle}").chmod(stat.S_IRWXU)


def _record(directory: Path, ended: Ended) -> None:
    """Write the exit record, waiting for room on a full disk: nobody else knows how it ended."""
    _open_up(directory)
    for _ in range(_RECORD_TRIES):
        try:
            records.write_ended(directory, ended)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            time.sleep(_RECORD_PAUSE_S)
        else:
            return
    raise TimeoutError("no room for the exit record")
