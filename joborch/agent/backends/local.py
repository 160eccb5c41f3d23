"""Attempts as processes of this host, each under a supervisor that outlives the agent."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import assert_never

from joborch.agent.backends.base import BackendError, Handle, RunSpec, Status
from joborch.agent.endings import Cause, Ended
from joborch.agent.runner import control, phases, records, scripts
from joborch.agent.runner.connection import LauncherGoneError, StartRefusedError
from joborch.agent.threads import in_thread, see_through

REMOVED = "it removed its own directory, and with it how it ended"


class LocalBackend:
    """A :class:`~joborch.agent.backends.base.Backend`; ``log`` is for the launcher's own errors."""

    name = "local"

    def __init__(self, *, log: Path | None = None) -> None:
        self._launcher = control.Launcher(log=log)

    async def is_available(self) -> bool:
        """Always: this host is here."""
        return True

    async def submit(self, run: RunSpec) -> Handle:
        """Start the attempt under a supervisor of its own."""
        if records.has_started(run.folder):
            raise BackendError(f"{run.folder.name} was submitted before")
        try:
            records.write_spec(run.folder, _spec_of(run))
            # Left half way, it might start after somebody has looked whether it did.
            pid = await see_through(self._launcher.start(run.folder))
        except StartRefusedError as error:
            return await self._started_meanwhile(run.folder, error)
        except LauncherGoneError as error:
            # It may have forked a supervisor before it died, which nobody has heard of yet.
            if not await in_thread(partial(phases.forbid, run.folder)):
                return await self._started_meanwhile(run.folder, error)
            raise _no_supervisor(error) from error
        except OSError as error:
            raise _no_supervisor(error) from error
        return Handle(folder=run.folder, ref=str(pid), started_at=time.time())

    async def recover(self, folder: Path) -> Handle | None:
        """Look at the attempt's lock and records."""
        phase = phases.inspect(folder)
        if isinstance(phase, phases.Fresh):
            return None
        if isinstance(phase, phases.SupervisorLost):
            await in_thread(partial(phases.kill_leftovers, folder, phase.started))
        pid = phase.shim_pid if isinstance(phase, phases.Running) else 0
        started = records.read_started(folder)
        started_at = started.started_at if started else time.time()
        return Handle(folder=folder, ref=str(pid), started_at=started_at)

    async def ended(self, handle: Handle) -> Ended:
        """Wait for the supervisor's end: an event, not a timer."""
        if pid := int(handle.ref):
            await control.wait_ended(handle.folder, pid)
        phase = phases.inspect(handle.folder)
        match phase:
            case phases.Finished():
                return _ended_of(phase.ended)
            case phases.SupervisorLost():
                await in_thread(partial(phases.kill_leftovers, handle.folder, phase.started))
                return _vanished(handle, Cause.SUPERVISOR_LOST)
            case phases.HostRebooted():
                return _vanished(handle, Cause.HOST_REBOOTED)
            case phases.Fresh() if not handle.folder.exists():
                return _vanished(handle, Cause.EXITED, REMOVED)
            case phases.Fresh():
                return Ended(cause=Cause.CANNOT_START, detail="its supervisor left no record")
            case phases.Running():
                return await self.ended(_handled_by(handle, phase.shim_pid))
            case _:
                assert_never(phase)

    async def poll(self, handles: Sequence[Handle]) -> Mapping[Handle, Status]:
        """Look at every attempt's lock and records."""
        return {handle: _status(phases.inspect(handle.folder)) for handle in handles}

    async def cancel(self, handle: Handle, *, grace_s: float) -> None:
        """Tell the supervisor to end the job as cancelled."""
        try:
            control.cancel(handle.folder, int(handle.ref), grace_s)
        except OSError as error:
            raise BackendError(f"the cancel cannot be noted: {error}", transient=True) from error

    async def shut_down(self, handle: Handle) -> None:
        """Tell the supervisor to end the job because the agent ends."""
        control.shut_down(handle.folder, int(handle.ref))

    async def is_stuck(self, handle: Handle) -> bool:
        """Look whether the supervisor was stopped."""
        return control.is_stopped(handle.folder, int(handle.ref))

    async def force(self, handle: Handle) -> None:
        """Kill the supervisor, and the job with it; :meth:`ended` kills what else is left."""
        control.kill(handle.folder, int(handle.ref))

    async def collect(self, handle: Handle) -> None:
        """Do nothing: it ran in its folder."""

    @asynccontextmanager
    async def seen(self, folder: Path) -> AsyncIterator[Path]:
        """Show the work directory itself."""
        yield folder / records.WORK

    async def close(self) -> None:
        """Let go of the launcher."""
        await self._launcher.close()

    def log_paths(self, folder: Path) -> Mapping[str, Path]:
        """Return the files that the job's output goes to."""
        return {"stdout": folder / records.STDOUT, "stderr": folder / records.STDERR}

    async def _started_meanwhile(self, folder: Path, error: Exception) -> Handle:
        """Find the start of which an earlier agent did not live to hear."""
        handle = await self.recover(folder)
        if handle is None:
            raise BackendError(str(error)) from error
        return handle


def _no_supervisor(error: Exception) -> BackendError:
    return BackendError(f"no supervisor could be started: {error}", transient=True)


def _spec_of(run: RunSpec) -> records.Spec:
    return records.Spec(
        argv=scripts.command(run.work_dir),
        env=run.environment,
        time_limit_s=run.time_limit_s,
        grace_s=run.grace_s,
        lease_file=str(run.lease_path),
        stop_after_s=run.stop_after_s,
    )


def _ended_of(ended: records.Ended) -> Ended:
    """Translate the record; the start is counted back, as the wall clock may have jumped since."""
    has_run = ended.started_at is not None
    return Ended(
        cause=Cause(ended.cause.value),
        exit_code=ended.exit_code,
        signal=ended.signal,
        detail=ended.detail,
        is_of_host=ended.is_of_host,
        started_at=ended.ended_at - ended.elapsed_s if has_run else None,
        ended_at=ended.ended_at,
    )


def _vanished(handle: Handle, cause: Cause, detail: str | None = None) -> Ended:
    at = handle.started_at
    return Ended(cause=cause, detail=detail, started_at=at, ended_at=time.time())


def _handled_by(handle: Handle, pid: int) -> Handle:
    return Handle(folder=handle.folder, ref=str(pid), started_at=handle.started_at)


def _status(phase: phases.Phase) -> Status:
    match phase:
        case phases.Running():
            return Status.RUNNING
        case phases.Fresh():
            return Status.GONE
        case _:
            return Status.ENDED
