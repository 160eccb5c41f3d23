"""Making the process that becomes the job, and holding it back until it may run."""

import errno
import os
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from joborch.agent.runner import linux, records, scripts, signals

_GO = b"g"
_DID_NOT_RUN = 127
_HOST, _SCRIPT = b"h", b"s"
_FAULTS_OF_SCRIPTS = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENOEXEC, errno.ELOOP, errno.E2BIG}
)
"""What executing a script fails with on every host; all else is want of something on this one."""
_FAULTS_OF_OTHERS = frozenset({errno.E2BIG})
"""Likewise, of a program that is looked for on PATH; that it is missing is the host's fault."""


class ScriptError(Exception):
    """The script can be executed nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why the program was not executed."""

    detail: str
    is_of_host: bool
    """Another host may be able to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A forked process that waits for permission to execute the job's program."""

    pid: int
    barrier: int
    """Written to: it may run. Closed, as by our own death: it ends without having run."""
    failure: int
    """Tells why the program could not be executed; ends silently when it could."""

    def release(self) -> Failure | None:
        """Let it run. Returns once the program is executed, or the reason why it is not."""
        # When it failed already, nobody reads from the barrier any more.
        with suppress(BrokenPipeError):
            os.write(self.barrier, _GO)
        os.close(self.barrier)
        with os.fdopen(self.failure, "rb") as failure:
            told = failure.read()
        if not told:
            return None
        detail = told[1:].decode(errors="replace")
        return Failure(detail=detail, is_of_host=told[:1] == _HOST)


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
        os.write(complaint, _whose(error, spec) + _describe(error).encode(errors="replace"))
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
    _check(program, spec.env.get("PATH", os.defpath))
    try:
        os.execvpe(program, spec.argv, spec.env)  # noqa: S606 - no shell is wanted
    except OSError as error:
        # Named as the user did, instead of the last place on PATH where it was looked for.
        raise OSError(error.errno, error.strerror, program) from error


def _check(program: str, search_path: str) -> None:
    """Raise ScriptError if a script asks for what it cannot have."""
    if not _is_script(program):
        return
    # What cannot be read may still be executed, and otherwise the system says why not.
    with suppress(OSError):
        if fault := scripts.fault(Path(program), search_path=search_path):
            raise ScriptError(f"{Path(program).name}: {fault}")


def _is_script(program: str) -> bool:
    return "/" in program


def _whose(error: BaseException, spec: records.Spec) -> bytes:
    """Whose fault it is; an environment that no program can have (ValueError) is the job's."""
    if not isinstance(error, OSError):
        return _SCRIPT
    is_script = _is_script(spec.argv[0]) and error.filename == spec.argv[0]
    if is_script and error.errno == errno.EACCES and _nothing_is_executable_here():
        return _HOST
    faults = _FAULTS_OF_SCRIPTS if is_script else _FAULTS_OF_OTHERS
    return _SCRIPT if error.errno in faults else _HOST


def _nothing_is_executable_here() -> bool:
    return bool(os.statvfs(".").f_flag & os.ST_NOEXEC)


def _describe(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
