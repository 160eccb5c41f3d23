from collections.abc import Iterator

import pytest

from tests.support.hand_agent import HandAgent
from tests.support.server import RunningServer, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that all these tests share; each works on jobs and users of its own."""
    with running_server(tmp_path_factory.mktemp("shared") / "data", poll_s="1s") as server:
        yield server
        assert [line for line in server.log.splitlines() if "Traceback" in line] == []


@pytest.fixture(scope="session")
def agent(server: RunningServer) -> HandAgent:
    return HandAgent(server.http, name="shared", slots=1000)
