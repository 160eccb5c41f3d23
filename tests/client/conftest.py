"""A scripted server, and the SDK speaking to it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

import pytest

from joborch.client import Orchestrator, Retries
from tests.support.stub_server import StubServer

T = TypeVar("T")


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer().running() as running:
        yield running


class Ask(Protocol):
    """Does something with an orchestrator."""

    def __call__(self, work: Callable[[Orchestrator], Awaitable[T]]) -> T: ...


@pytest.fixture
def ask(stub: StubServer) -> Ask:
    """Do something with an orchestrator that never pauses."""

    async def connected(work: Callable[[Orchestrator], Awaitable[T]]) -> T:
        retries = Retries(base_s=0)
        async with Orchestrator(stub.url, retries=retries, pause_s=0) as orchestrator:
            return await work(orchestrator)

    def run(work: Callable[[Orchestrator], Awaitable[T]]) -> T:
        return asyncio.run(connected(work))

    return run
