"""Handing an attempt to a client of the original, which must have it once or not at all.

The client knows no keys for that. But it numbers its jobs, and everything that was sent bears a
mark: after a connection that broke off, the ids that have come up since are looked through for it.
Attempts are sent one at a time, so that most often there is at most one such id.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from joborch.agent.backends.base import BackendAwayError, BackendError, RunSpec
from joborch.agent.backends.seed.answers import (
    ClientError,
    NotSentError,
    RefusedError,
    UnfitError,
)
from joborch.agent.backends.seed.calls import Calls
from joborch.agent.backends.seed.homecoming import DamagedError, look_into
from joborch.agent.backends.seed.notes import Note, drop_note
from joborch.agent.backends.seed.wrapper import mark_of, parcel
from joborch.agent.backoff import BackOff
from joborch.agent.runner import scripts
from joborch.agent.threads import in_thread

MOST_CANDIDATES = 64
LOOKS = 4
"""Times that are looked for an attempt before it counts as not there: it may still be written."""
LOOK_AGAIN_S = 0.5
_OF_THE_AGENT = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "JOBORCH_WORKDIR"})
"""Variables that are about this host, not the client's."""


class UndecidedError(Exception):
    """The client may have the attempt, and cannot be made to say so."""


class Sender:
    """Sends to one client."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._turn = asyncio.Lock()
        self._newest: int | None = None

    async def send(self, run: RunSpec) -> Note:
        """Hand over an attempt; the note that is returned has the client's id.

        Raises:
            BackendAwayError: the client does not have it, through no fault of the attempt.
            BackendError: the client does not take it.
            UndecidedError: the client may have it. The note of it remains.
        """
        token = os.urandom(16).hex()
        async with self._turn_of(run):
            note = Note(
                token=token,
                sent_at=time.time(),
                client=self._calls.address.submit,
                newest_before=await self._newest_id(),
                grace_s=run.grace_s,
                lost_after_s=run.stop_after_s,
            )
            note.save(run.folder)
            try:
                files = await in_thread(lambda: _parts(run, mark_of(token)))
                client_id = await self._calls.submit(files, boundary=token)
            except (NotSentError, UnfitError) as error:
                drop_note(run.folder)
                raise BackendAwayError(error.message) from error
            except RefusedError as error:
                drop_note(run.folder)
                raise BackendError(error.message, transient=True) from error
            except ClientError as error:
                return await self._found_out(note, run.folder, error)
            return self._taken(note, client_id, run.folder)

    async def settle(self, note: Note, folder: Path) -> Note | None:
        """Find out whether an earlier process's attempt arrived; None: it did not.

        Waits until the client can be asked.

        Raises:
            UndecidedError: the client cannot be made to say.
        """
        async with self._turn:
            client_id = await self._look_for(note, folder)
            if client_id is None:
                drop_note(folder)
                return None
            return self._taken(note, client_id, folder)

    async def _found_out(self, note: Note, folder: Path, error: ClientError) -> Note:
        client_id = await self._look_for(note, folder)
        if client_id is None:
            drop_note(folder)
            raise BackendAwayError(error.message) from error
        return self._taken(note, client_id, folder)

    @asynccontextmanager
    async def _turn_of(self, run: RunSpec) -> AsyncIterator[None]:
        """Wait until nothing else is sent; a client that hangs keeps nobody who is called off.

        Raises:
            BackendAwayError: the attempt was called off meanwhile.
        """
        turn = asyncio.create_task(self._turn.acquire(), name="turn")
        called_off = asyncio.create_task(run.called_off.wait(), name="called off")
        try:
            await asyncio.wait({turn, called_off}, return_when=asyncio.FIRST_COMPLETED)
            if run.called_off.is_set():
                raise BackendAwayError("it was called off before it was sent")
            yield
        finally:
            turn.cancel()
            called_off.cancel()
            took, _ = await asyncio.gather(turn, called_off, return_exceptions=True)
            if took is True:
                self._turn.release()

    def _taken(self, note: Note, client_id: int, folder: Path) -> Note:
        self._newest = client_id  # a smaller one than before if the client counts anew
        taken = msgspec.structs.replace(note, client_id=client_id)
        taken.save(folder)
        return taken

    async def _look_for(self, note: Note, folder: Path) -> int | None:
        """Return the id under which the client has an attempt; None if it does not have it."""
        back_off, looks = BackOff(), 0
        while True:
            try:
                found = await self._look_once(note, folder)
                looks += 1
                if found is not None or looks == LOOKS:
                    return found
                await asyncio.sleep(LOOK_AGAIN_S)
            except ClientError:
                await back_off.pause()

    async def _look_once(self, note: Note, folder: Path) -> int | None:
        candidates = await self._new_since(note.newest_before)
        archive, can_be_seen = folder / "candidate.zip", False
        for client_id in candidates:
            if await self._calls.partial(client_id, archive):
                can_be_seen = True
                if await in_thread(lambda: _is_ours(archive, note)):
                    archive.unlink()
                    return client_id
                archive.unlink()
        if can_be_seen or not candidates:
            return None
        # The first generation shows nothing before the end; a single new id can only be ours.
        if len(candidates) == 1:
            return candidates[0]
        raise UndecidedError(f"the client may have the job as one of {candidates}")

    async def _new_since(self, before: int) -> list[int]:
        """Return the ids that the client has given since it had given ``before``."""
        if before and not await self._calls.has(before):
            raise UndecidedError("the client was restarted and has forgotten what it had")
        new = []
        for client_id in range(before + 1, before + 1 + MOST_CANDIDATES):
            if not await self._calls.has(client_id):
                break
            new.append(client_id)
        return new

    async def _newest_id(self) -> int:
        """Return the largest id that the client has given: a search, unless it is known.

        Raises:
            BackendAwayError: the client cannot be asked.
        """
        try:
            if self._newest is None:
                self._newest = await self._search()
        except ClientError as error:
            raise BackendAwayError(error.message) from error
        return self._newest

    async def _search(self) -> int:
        """Find it in steps that double and then halve: ids have no gaps."""
        step = 1
        while await self._calls.has(step):
            step *= 2
        low, high = step // 2, step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if await self._calls.has(middle) else (low, middle)
        return low


def _parts(run: RunSpec, mark: str) -> dict[str, Path | bytes]:
    """Return what is sent, by name."""
    paths = {
        str(path.relative_to(run.work_dir)): path
        for path in sorted(run.work_dir.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    environment = {
        name: value for name, value in run.environment.items() if name not in _OF_THE_AGENT
    }
    wrapped = parcel(
        [*paths],
        mark=mark,
        environment=environment,
        command=scripts.command(run.work_dir),
        time_limit_s=run.time_limit_s,
        grace_s=run.grace_s,
    )
    sent: dict[str, Path | bytes] = {name: paths[path] for path, name in wrapped.sent_as.items()}
    return {**wrapped.scripts, **sent}


def _is_ours(archive: Path, note: Note) -> bool:
    try:
        return look_into(archive, mark_of(note.token)).is_ours
    except DamagedError:
        return False
