"""What comes back from a client of the original, and what is made of it."""

import asyncio
import io
import zipfile
from pathlib import Path

import pytest

from joborch.agent.backends.base import Handle
from joborch.agent.backends.seed.addresses import address_of
from joborch.agent.backends.seed.backend import SeedBackend
from joborch.agent.backends.seed.homecoming import Contents
from joborch.agent.backends.seed.notes import Note
from joborch.agent.backends.seed.patience import DAMAGED_S, SILENT_S, Patience
from joborch.agent.backends.seed.verdicts import ended_by
from joborch.agent.endings import Cause, Ended
from tests.support.stub_server import Answer, StubServer, sends

ID = 7


def a_note(folder: Path, url: str) -> Note:
    note = Note(
        token="ab" * 16,
        sent_at=0,
        client=f"{url}/submit",
        newest_before=0,
        grace_s=1,
        lost_after_s=60,
        client_id=ID,
    )
    note.save(folder)
    return note


def a_zip(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("status", "exit_code", "signal"),
    [
        (0, 0, None),
        (3, 3, None),
        (139, None, 11),
        (137, None, 9),
        (200, 200, None),
        (255, 255, None),
    ],
)
def test_a_shells_status_is_a_signal_only_if_there_is_such_a_signal(
    tmp_path: Path, status: int, exit_code: int | None, signal: int | None
) -> None:
    handle = Handle(folder=tmp_path, ref=str(ID), started_at=0)
    contents = Contents(is_ours=True, why="exited", status=status)
    ended = ended_by(handle, a_note(tmp_path, "http://x"), contents)
    assert (ended.exit_code, ended.signal) == (exit_code, signal)


def test_the_job_of_somebody_else_is_never_killed(tmp_path: Path) -> None:
    """A client that lost its memory gives an id that was ours to another job."""

    async def cancel_and_wait(url: str) -> Ended:
        backend = SeedBackend(address_of(url))
        handle = Handle(folder=tmp_path, ref=str(ID), started_at=0)
        try:
            await backend.cancel(handle, grace_s=1)
            return await backend.ended(handle)
        finally:
            await backend.close()

    with StubServer().running() as stub:
        a_note(tmp_path, stub.url)
        stub.on(f"GET /retrieve_partial/{ID}", sends(a_zip("joborch-cd.sh", "run.sh")))
        stub.on(f"GET /retrieve/{ID}", Answer(status=202))
        ended = asyncio.run(cancel_and_wait(stub.url))
        asked = [heard.path for heard in stub.heard if heard.method == "POST"]
    assert asked == []
    assert (ended.cause, ended.detail) == (
        Cause.SUPERVISOR_LOST,
        "the client has another job under its id",
    )


def test_an_attempt_at_another_client_than_the_present_one_is_lost(tmp_path: Path) -> None:
    async def wait() -> Ended:
        backend = SeedBackend(address_of("http://127.0.0.1:9"))
        try:
            return await backend.ended(Handle(folder=tmp_path, ref=str(ID), started_at=0))
        finally:
            await backend.close()

    a_note(tmp_path, "http://another:9000")
    assert asyncio.run(wait()).detail == "it is at another client than this one"


def test_archives_may_be_damaged_as_long_as_a_client_takes_to_write_them() -> None:
    patience = Patience(lost_after_s=60, now=0)
    assert not patience.is_over_after_damage(0)
    assert not patience.is_over_after_damage(DAMAGED_S)
    assert patience.is_over_after_damage(DAMAGED_S + 1)


def test_word_from_the_client_makes_all_well_again() -> None:
    patience = Patience(lost_after_s=60, now=0)
    patience.is_over_after_silence(10, is_slow=True)
    patience.is_over_after_damage(20)
    patience.heard(30)
    assert (patience.slowness, patience.pause_s) == (1.0, 0.0)
    assert not patience.is_over_after_silence(90, is_slow=False)
    assert patience.is_over_after_silence(91, is_slow=False)


def test_a_slow_client_is_given_more_and_more_time() -> None:
    patience = Patience(lost_after_s=60, now=0)
    slow = [patience.is_over_after_silence(100.0 * turn, is_slow=True) for turn in range(9)]
    assert not any(slow)
    assert patience.slowness == 16
    assert not patience.is_over_after_silence(SILENT_S, is_slow=False)
    assert patience.is_over_after_silence(SILENT_S + 1, is_slow=False)
