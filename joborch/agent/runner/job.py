"""Making the process that becomes the job, and holding it back until it may run."""

import os
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from joborch.agent.runner import linux, records, signals

_GO = b"g"
_DID_NOT_RUN = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A forked process that waits for permission to execute the job's program."""

    pid: int
    barrier: int
    """Written to: it may run. Closed, as by our own death: it ends without having run."""
    failure: int
    """Tells why the program could not be executed; ends silently when it could."""

    def release(self) -> str | None:
        """Let it run. Returns once the program is executed, or the reason why it is not."""
        # When it failed already, nobody reads from the barrier any more.
        with suppress(BrokenPipeError):
            os.write(self.barrier, _GO)
        os.close(self.barrier)
        with os.fdopen(self.failure, "rb") as failure:
            return failure.read().decode(errors="replace") or None


def fork_job(spec: records.Spec, directory: Path) -> Job:
    """Fork the job's process, in its own session; it waits for `Job.release`."""
    permission, barrier = os.pipe2(os.O_CLOEXEC)
    failure, complaint = os.pipe2(os.O_CLOEXEC)
    with signals.held_back():
        pid = os.fork()
        if pid == 0:
            _become(spec, directory, permission, complaint)
    os.close(permission)
    os.close(complaint)
    return Job(pid=pid, barrier=barrier, failure=failure)


def close_all_except(*keep: int) -> None:
    """Close every descriptor but the three standard ones and those to keep."""
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if descriptor not in {0, 1, 2, *keep}:
            # Listing the directory took a descriptor itself, which is gone by now.
            with suppress(OSError):
                os.close(descriptor)


def _become(spec: records.Spec, directory: Path, permission: int, complaint: int) -> NoReturn:
    try:
        # First of all: a copy of the lock in here would make a dead supervisor look alive.
        close_all_except(permission, complaint)
        _settle_in(directory)
        # Nobody left to give permission, and so nobody who could record the end: do not run.
        if os.read(permission, 1) == _GO:
            _execute(spec)
    except BaseException as error:
        os.write(complaint, _describe(error).encode(errors="replace"))
    finally:
        os._exit(_DID_NOT_RUN)


def _settle_in(directory: Path) -> None:
    """Take on everything that a job's process is to have, and nothing of the supervisor's."""
    os.setsid()
    linux.die_with_parent(signal.SIGKILL)
    linux.renounce_new_privileges()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signals.forget_all()
    _redirect(Path(os.devnull), os.O_RDONLY, 0)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    _redirect(directory / records.STDOUT, append, 1)
    _redirect(directory / records.STDERR, append, 2)
    os.chdir(directory / records.WORK)


def _redirect(path: Path, flags: int, descriptor: int) -> None:
    opened = os.open(path, flags | os.O_CLOEXEC, 0o600)
    os.dup2(opened, descriptor, inheritable=True)
    os.close(opened)


def _execute(spec: records.Spec) -> NoReturn:
    program = spec.argv[0]
    try:
        os.execvpe(program, spec.argv, spec.env)  # noqa: S606 - no shell is wanted
    except OSError as error:
        # Named as the user did, instead of the last place on PATH where it was looked for.
        raise OSError(error.errno, error.strerror, program) from error


def _describe(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
