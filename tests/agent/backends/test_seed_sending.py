"""Whether a client of the original has what was sent to it."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from joborch.agent.backends.base import BackendAwayError, RunSpec
from joborch.agent.backends.seed.addresses import address_of
from joborch.agent.backends.seed.answers import ClientError, RefusedError, UnfitError
from joborch.agent.backends.seed.breaker import Breaker
from joborch.agent.backends.seed.calls import Calls
from joborch.agent.backends.seed.notes import Note, read_note
from joborch.agent.backends.seed.sending import Sender, UndecidedError
from joborch.process.clock import Clock
from tests.support.stand_ins import a_stand_in
from tests.support.stub_server import Answer, Heard, StubServer, says
from tests.support.waiting import async_wait_until

FORM = {"run.sh": b"true\n"}


def calls_to(url: str) -> Calls:
    return Calls(address_of(url), Breaker(clock=Clock()))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RefusedError),
        (413, RefusedError),
        (404, UnfitError),
        (500, UnfitError),
        (502, ClientError),
        (503, ClientError),
        (504, ClientError),
    ],
)
def test_a_refusal_is_about_the_job_or_the_client_or_of_somebody_between(
    status: int, kind: type[ClientError]
) -> None:
    async def send(url: str) -> None:
        calls = calls_to(url)
        try:
            await calls.submit(FORM, boundary="B")
        finally:
            await calls.close()

    with StubServer().running() as stub, pytest.raises(ClientError) as caught:
        stub.on("POST /submit", Answer(status=status))
        asyncio.run(send(stub.url))
    assert type(caught.value) is kind


def test_a_client_that_has_forgotten_its_jobs_cannot_say_that_it_never_had_one(
    tmp_path: Path,
) -> None:
    async def settle(url: str) -> Note | None:
        calls = calls_to(url)
        try:
            return await Sender(calls).settle(note, tmp_path)
        finally:
            await calls.close()

    note = Note(token="ab" * 16, sent_at=0, client="", newest_before=3, grace_s=1, lost_after_s=60)
    note.save(tmp_path)
    with (
        a_stand_in("client", "v1", tmp_path / "client") as client,
        pytest.raises(UndecidedError),
    ):
        asyncio.run(settle(client.url))
    assert read_note(tmp_path) == note, "it may not be submitted again"


def test_what_is_called_off_does_not_wait_behind_a_client_that_hangs(tmp_path: Path) -> None:
    answering = threading.Event()

    def late(_heard: Heard) -> Answer:
        answering.wait(30)
        return says({"id": 1, "input": {}, "status": "Prepared", "loc": "/1"})

    async def story(stub: StubServer) -> None:
        calls = calls_to(stub.url)
        sender = Sender(calls)
        first, second = a_run(tmp_path / "7-1"), a_run(tmp_path / "8-1")
        sending = asyncio.create_task(sender.send(first), name="hangs")
        await async_wait_until(lambda: "POST /submit" in stub.paths())
        waiting = asyncio.create_task(sender.send(second), name="waits")
        second.called_off.set()
        with pytest.raises(BackendAwayError):
            await waiting
        assert not sending.done()
        assert read_note(second.folder) is None, "it was not sent"
        answering.set()
        assert (await sending).client_id == 1
        third = await sender.send(a_run(tmp_path / "9-1"))
        assert third.client_id == 1, "and the turn is free again"
        await calls.close()

    with StubServer().running() as stub:
        stub.on("GET /retrieve/1", Answer(status=404))
        stub.on("POST /submit", late)
        asyncio.run(story(stub))


def a_run(folder: Path) -> RunSpec:
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "run.sh").write_bytes(FORM["run.sh"])
    lease_path = folder.parent / "lease"
    lease_path.write_text(f"{time.clock_gettime(time.CLOCK_BOOTTIME)}\n")
    return RunSpec(
        folder=folder,
        work_dir=folder / "work",
        environment={},
        time_limit_s=None,
        grace_s=1.0,
        lease_path=lease_path,
        stop_after_s=60.0,
    )
