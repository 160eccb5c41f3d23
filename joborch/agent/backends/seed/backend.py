"""Attempts run by a client of the original, which knows neither leases nor attempts."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from joborch.agent.backends.base import BackendError, Handle, RunSpec, Status
from joborch.agent.backends.seed.addresses import Address
from joborch.agent.backends.seed.answers import ClientError, SlowError, Where
from joborch.agent.backends.seed.breaker import Breaker
from joborch.agent.backends.seed.calls import ANSWER_S, Calls
from joborch.agent.backends.seed.homecoming import (
    STDERR,
    STDOUT,
    Contents,
    DamagedError,
    look_into,
    unpack,
)
from joborch.agent.backends.seed.notes import Note, read_note
from joborch.agent.backends.seed.patience import Patience
from joborch.agent.backends.seed.sending import Sender, UndecidedError
from joborch.agent.backends.seed.verdicts import ended_by, given_up, lost
from joborch.agent.backends.seed.wrapper import mark_of
from joborch.agent.endings import Cause, Ended
from joborch.agent.threads import in_thread
from joborch.process.clock import Clock

logger = logging.getLogger(__name__)

FIRST_LOOK_S, LONGEST_LOOK_S = 0.5, 5.0
"""How often a client is asked about an attempt: the older it is, the less often."""
MARGIN_S = 5.0


class SeedBackend:
    """A :class:`~joborch.agent.backends.base.Backend`. What the client says is only ever a hint.

    How an attempt ended is read from what was sent along with it, so it is the same whatever the
    client makes of it.
    """

    name = "seed"

    def __init__(
        self, address: Address, *, clock: Clock | None = None, answer_s: float = ANSWER_S
    ) -> None:
        """``answer_s``: how long the client may take to answer before it is asked again."""
        self._clock = clock or Clock()
        self._calls = Calls(address, Breaker(clock=self._clock), answer_s=answer_s)
        self._sender = Sender(self._calls)
        self._answer_s = answer_s
        self._doubted: set[Path] = set()
        """Attempts whose client was out of sight: what it has under their ids may be others'."""
        self._over_since: dict[Path, float] = {}
        """When the client was first heard to say that an attempt has ended, without a proof."""

    async def is_available(self) -> bool:
        """Whether the client answers; asks it, if it did not lately."""
        return not self._calls.breaker.is_open or await self._calls.is_there()

    async def submit(self, run: RunSpec) -> Handle:
        """Send it, wrapped."""
        if read_note(run.folder) is not None:
            raise BackendError(f"{run.folder.name} was submitted before")
        try:
            return _handle(run.folder, await self._sender.send(run))
        except UndecidedError as error:
            raise BackendError(str(error)) from error

    async def recover(self, folder: Path) -> Handle | None:
        """Look at the note; if an earlier process died while it sent, find out what arrived."""
        note = read_note(folder)
        if note is None:
            return None
        if note.client_id is None:
            try:
                note = await self._sender.settle(note, folder)
            except UndecidedError as error:
                raise BackendError(str(error)) from error
        return None if note is None else _handle(folder, note)

    async def ended(self, handle: Handle) -> Ended:
        """Ask now and then."""
        watch = Patience(lost_after_s=_note(handle).lost_after_s, now=self._clock.boottime())
        while True:
            try:
                ended = await self._look(handle, answer_s=self._answer_s * watch.slowness)
                watch.heard(self._clock.boottime())
                if ended is not None:
                    return ended
            except DamagedError as error:
                if watch.is_over_after_damage(self._clock.boottime()):
                    return lost(handle, f"the client's archive cannot be read: {error}")
            except ClientError as error:
                self._doubted.add(handle.folder)
                is_slow = isinstance(error, SlowError)
                if watch.is_over_after_silence(self._clock.boottime(), is_slow=is_slow):
                    return lost(handle, error.message)
            await asyncio.sleep(max(_pause_s(handle), watch.pause_s))

    async def poll(self, handles: Sequence[Handle]) -> Mapping[Handle, Status]:
        """Ask about each; the client has no way of asking about several."""
        return {handle: await self._status(handle) for handle in handles}

    async def cancel(self, handle: Handle, *, grace_s: float) -> None:
        """Ask the client to end it; one of the first generation cannot."""
        await self._end(handle, Cause.CANCELLED)

    async def shut_down(self, handle: Handle) -> None:
        """As :meth:`cancel`."""
        await self._end(handle, Cause.SHUTDOWN)

    async def is_stuck(self, handle: Handle) -> bool:
        """Never: nothing on this host is in its way."""
        return False

    async def force(self, handle: Handle) -> None:
        """Do nothing more than :meth:`cancel` does."""

    async def collect(self, handle: Handle) -> None:
        """Unpack what came home, if anything did."""
        archive = _archive(handle)
        if not archive.exists():
            return
        mark, work_dir = mark_of(_note(handle).token), handle.folder / "work"
        try:
            await in_thread(lambda: unpack(archive, mark, folder=handle.folder, work_dir=work_dir))
        except DamagedError as error:
            raise BackendError(f"what the client handed out cannot be unpacked: {error}") from error

    @asynccontextmanager
    async def seen(self, folder: Path) -> AsyncIterator[Path]:
        """Fetch the directory as the client has it now; one of the first generation has no way."""
        note = read_note(folder)
        if note is None or note.client_id is None:
            raise BackendError("the client does not have it yet")
        with TemporaryDirectory(prefix="seen-", dir=folder) as scratch:
            archive, view = Path(scratch) / "partial.zip", Path(scratch) / "work"
            try:
                if not await self._calls.partial(note.client_id, archive):
                    raise BackendError("the client cannot show a job before it has ended")
                mark = mark_of(note.token)
                await in_thread(lambda: unpack(archive, mark, folder=Path(scratch), work_dir=view))
            except (ClientError, DamagedError) as error:
                raise BackendError(str(error), transient=True) from error
            yield view

    async def close(self) -> None:
        """Close the connections."""
        await self._calls.close()

    def log_paths(self, folder: Path) -> Mapping[str, Path]:
        """Return where the output will be once collected."""
        return {"stdout": folder / STDOUT, "stderr": folder / STDERR}

    async def _look(self, handle: Handle, *, answer_s: float | None = None) -> Ended | None:
        """Ask once; None while it has not ended.

        Raises:
            ClientError: there was no answer.
            DamagedError: there was no good one.
        """
        archive = _archive(handle)
        if self._is_elsewhere(handle):
            return lost(handle, "it is at another client than this one")
        if not archive.exists():
            where = await self._calls.retrieve(int(handle.ref), archive, answer_s=answer_s)
            if where is Where.PENDING:
                return await self._unless_anothers(handle)
            if where is Where.UNKNOWN:
                return lost(handle, "the client does not know the job any more")
            if where is Where.ENDED and not await self._calls.partial(int(handle.ref), archive):
                return given_up(handle, _note(handle), "the client gave it up")
        return await self._judge(handle, archive)

    async def _judge(self, handle: Handle, archive: Path) -> Ended | None:
        """Read what an archive says; None if the job may still be ending."""
        note = _note(handle)
        contents = await in_thread(lambda: _read(archive, note))
        if contents.why is not None:
            return ended_by(handle, note, contents)
        if not contents.is_ours:
            return lost(handle, "the client handed out another job's files under its id")
        # The client says that it is over as soon as it has sent a signal; the job may need longer.
        since = self._over_since.setdefault(handle.folder, self._clock.boottime())
        if self._clock.boottime() - since < note.grace_s + MARGIN_S:
            return None
        return given_up(handle, _note(handle), "the client ended it without a trace")

    async def _unless_anothers(self, handle: Handle) -> Ended | None:
        """Once the client is in sight again, see whether it still means this attempt by its id."""
        if handle.folder in self._doubted and await self._is_anothers(handle):
            return lost(handle, "the client has another job under its id")
        self._doubted.discard(handle.folder)
        return None

    async def _is_anothers(self, handle: Handle) -> bool:
        """Whether the client shows a directory under the attempt's id that is not the attempt's."""
        note = _note(handle)
        with TemporaryDirectory(prefix="asked-", dir=handle.folder) as scratch:
            archive = Path(scratch) / "partial.zip"
            if not await self._calls.partial(int(handle.ref), archive):
                return False
            contents = await in_thread(lambda: look_into(archive, mark_of(note.token)))
            return not contents.is_ours

    def _is_elsewhere(self, handle: Handle) -> bool:
        return _note(handle).client != self._calls.address.submit

    async def _status(self, handle: Handle) -> Status:
        try:
            return Status.RUNNING if await self._look(handle) is None else Status.ENDED
        except (ClientError, DamagedError):
            return Status.RUNNING

    async def _end(self, handle: Handle, cause: Cause) -> None:
        note = _note(handle)
        if note.ordered is None:
            note = msgspec.structs.replace(note, ordered=cause.value)
            note.save(handle.folder)
        try:
            if self._is_elsewhere(handle) or await self._is_anothers(handle):
                self._doubted.add(handle.folder)
            elif not await self._calls.kill(int(handle.ref)):
                logger.debug("client cannot end jobs", extra={"client_id": handle.ref})
        except (ClientError, DamagedError) as error:
            raise BackendError(str(error), transient=True) from error


def _handle(folder: Path, note: Note) -> Handle:
    return Handle(folder=folder, ref=str(note.client_id), started_at=note.sent_at)


def _note(handle: Handle) -> Note:
    note = read_note(handle.folder)
    if note is None:
        raise BackendError(f"{handle.folder.name} was never submitted")
    return note


def _archive(handle: Handle) -> Path:
    return handle.folder / "retrieved.zip"


def _read(archive: Path, note: Note) -> Contents:
    """Look into an archive; one that tells no end is removed, to be fetched again."""
    contents = None
    try:
        contents = look_into(archive, mark_of(note.token))
        return contents
    finally:
        if contents is None or contents.why is None:
            archive.unlink()


def _pause_s(handle: Handle) -> float:
    age_s = max(0.0, time.time() - handle.started_at)
    return min(FIRST_LOOK_S + age_s / 20, LONGEST_LOOK_S)
