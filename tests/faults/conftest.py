"""Processes that are slow to start, shared by all tests of faults."""

from collections.abc import Iterator

import pytest

from tests.faults.nursery import AGENT, SERVER, Nursery, a_nursery


@pytest.fixture(scope="session")
def server_nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with a_nursery(SERVER, tmp_path_factory.mktemp("nursery")) as running:
        yield running


@pytest.fixture(scope="session")
def agent_nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with a_nursery(AGENT, tmp_path_factory.mktemp("nursery")) as running:
        yield running
