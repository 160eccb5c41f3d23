"""Whether a client of the original has what was sent to it."""

import asyncio
from pathlib import Path

import pytest

from joborch.agent.backends.seed.addresses import address_of
from joborch.agent.backends.seed.answers import ClientError, RefusedError
from joborch.agent.backends.seed.breaker import Breaker
from joborch.agent.backends.seed.calls import Calls
from joborch.agent.backends.seed.notes import Note, read_note
from joborch.agent.backends.seed.sending import Sender, UndecidedError
from joborch.process.clock import Clock
from tests.support.stand_ins import a_stand_in
from tests.support.stub_server import Answer, StubServer

FORM = {"run.sh": b"true\n"}


def calls_to(url: str) -> Calls:
    return Calls(address_of(url), Breaker(clock=Clock()))


@pytest.mark.parametrize(
    ("status", "is_refused"), [(400, True), (500, True), (502, False), (503, False), (504, False)]
)
def test_only_the_client_itself_can_refuse_a_job(status: int, is_refused: bool) -> None:
    async def send(url: str) -> None:
        calls = calls_to(url)
        try:
            await calls.submit(FORM, boundary="B")
        finally:
            await calls.close()

    with StubServer().running() as stub, pytest.raises(ClientError) as caught:
        stub.on("POST /submit", Answer(status=status))
        asyncio.run(send(stub.url))
    assert isinstance(caught.value, RefusedError) == is_refused


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
