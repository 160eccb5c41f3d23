"""How long a client of the original may be silent before its attempts count as lost."""

import asyncio
import threading
from pathlib import Path

from joborch.agent.backends.base import Handle
from joborch.agent.backends.seed.addresses import address_of
from joborch.agent.backends.seed.backend import SeedBackend
from joborch.agent.backends.seed.notes import Note
from joborch.agent.endings import Cause, Ended
from tests.support.builders import FrozenClock
from tests.support.stub_server import Answer, Heard, StubServer
from tests.support.waiting import async_wait_until

LOST_AFTER_S = 60.0


def an_attempt(folder: Path, url: str) -> Handle:
    note = Note(
        token="ab" * 16,
        sent_at=0,
        client=f"{url}/submit",
        newest_before=0,
        grace_s=1,
        lost_after_s=LOST_AFTER_S,
        client_id=7,
    )
    note.save(folder)
    return Handle(folder=folder, ref="7", started_at=0)


async def watch(url: str, folder: Path, clock: FrozenClock, asked: list[str]) -> Ended:
    """Wait for an end; the clock goes on far beyond the lease once the client was asked."""
    backend = SeedBackend(address_of(url), clock=clock, answer_s=0.2)
    try:
        ending = asyncio.create_task(backend.ended(an_attempt(folder, url)))
        await asyncio.sleep(0)  # lets it begin, before the clock goes on
        await async_wait_until(lambda: asked)
        clock.advance(seconds=10 * LOST_AFTER_S)
        return await ending
    finally:
        await backend.close()


def test_a_client_that_is_busy_keeps_its_attempt(tmp_path: Path) -> None:
    asked: list[str] = []
    is_over = threading.Event()

    def busy_at_first(heard: Heard) -> Answer:
        asked.append(heard.path)
        if len(asked) == 1:
            is_over.wait(1)
        return Answer(status=404)

    with StubServer().running() as stub:
        stub.on("GET /retrieve/7", busy_at_first)
        ended = asyncio.run(watch(stub.url, tmp_path, FrozenClock(), asked))
        is_over.set()
    assert ended.detail == "the client does not know the job any more"
    assert len(asked) == 2


def test_an_attempt_at_a_client_that_is_gone_is_lost_with_its_lease(tmp_path: Path) -> None:
    asked = ["once"]
    ended = asyncio.run(watch("http://127.0.0.1:9", tmp_path, FrozenClock(), asked))
    assert ended.cause is Cause.SUPERVISOR_LOST
    assert "cannot be reached" in str(ended.detail)
