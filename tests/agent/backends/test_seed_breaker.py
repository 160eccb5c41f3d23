"""A client of the original that does not answer is left alone for a while."""

import asyncio
import time

import pytest

from joborch.agent.backends.seed.addresses import address_of
from joborch.agent.backends.seed.answers import NotSentError, SlowError
from joborch.agent.backends.seed.breaker import FAILURES, Breaker
from joborch.agent.backends.seed.calls import Calls
from joborch.agent.backoff import MOST_S
from tests.support.builders import FrozenClock
from tests.support.stub_server import Answer, Heard, StubServer

HANGS_S = 0.4
ANSWER_S = 0.05


def hangs(heard: Heard) -> Answer:
    time.sleep(HANGS_S)
    return Answer(status=404)


def test_after_three_failures_in_a_row_a_client_is_not_even_asked() -> None:
    async def story(stub: StubServer) -> None:
        calls = Calls(address_of(stub.url), Breaker(clock=FrozenClock()), answer_s=ANSWER_S)
        for _ in range(FAILURES):
            with pytest.raises(SlowError):
                await calls.has(7)
        heard = len(stub.paths())
        with pytest.raises(NotSentError, match="left alone for a while"):
            await calls.has(7)
        assert len(stub.paths()) == heard
        await calls.close()

    with StubServer().running() as stub:
        stub.on("GET /retrieve/7", hangs)
        asyncio.run(story(stub))


def test_it_is_asked_again_after_the_pause_and_trusted_again_after_an_answer() -> None:
    async def story(stub: StubServer) -> None:
        clock = FrozenClock()
        breaker = Breaker(clock=clock)
        for _ in range(FAILURES):
            breaker.failed("a client")
        assert breaker.is_open
        assert breaker.wait_s <= MOST_S

        clock.advance(seconds=MOST_S)
        calls = Calls(address_of(stub.url), breaker)
        assert not await calls.has(7)
        assert not breaker.is_open
        await calls.close()

    with StubServer().running() as stub:
        stub.on("GET /retrieve/7", Answer(status=404))
        asyncio.run(story(stub))


def test_failures_with_answers_between_them_open_nothing() -> None:
    breaker = Breaker(clock=FrozenClock())
    for _ in range(FAILURES * 2):
        breaker.failed("a client")
        breaker.succeeded("a client")
    assert not breaker.is_open
    assert breaker.wait_s == 0
