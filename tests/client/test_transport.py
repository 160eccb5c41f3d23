import asyncio
import socket
from datetime import timedelta

import pytest

from joborch.client import Orchestrator, Retries
from joborch.domain.errors import (
    InvalidRequestError,
    JobNotFoundError,
    NotAllowedError,
    ServerBrokenError,
    ServerUnreachableError,
    UnknownServiceError,
)
from tests.client.conftest import Ask
from tests.support.stub_server import Answer, StubServer, refuses, says, sends
from tests.support.views import a_job_view, a_meta


def test_an_answer_becomes_a_typed_value(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/meta", says(a_meta("example")))

    assert ask(lambda server: server.meta()) == a_meta("example")


def test_a_problem_becomes_the_error_it_was(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/jobs/7", refuses(JobNotFoundError(7)))

    with pytest.raises(JobNotFoundError) as caught:
        ask(lambda server: server.job(7))

    assert caught.value.job_id == 7
    assert caught.value.message == "there is no job 7"


def test_a_problem_keeps_its_request_id_for_the_person_who_reports_it(
    stub: StubServer, ask: Ask
) -> None:
    stub.on("GET /api/v1/jobs/7", refuses(UnknownServiceError("x"), request_id="req-1"))

    with pytest.raises(UnknownServiceError) as caught:
        ask(lambda server: server.job(7))

    assert caught.value.details["request_id"] == "req-1"


def test_a_server_error_without_a_reason_is_told_apart_with_its_request_id(
    stub: StubServer, ask: Ask
) -> None:
    stub.on("GET /api/v1/meta", Answer(status=500, body=b"oops", headers={"X-Request-Id": "req-9"}))

    with pytest.raises(ServerBrokenError, match="500 Internal Server Error") as caught:
        ask(lambda server: server.meta())

    assert caught.value.details["request_id"] == "req-9"


def test_a_proxys_refusal_is_no_joborch_error_but_means_not_allowed(
    stub: StubServer, ask: Ask
) -> None:
    stub.on("GET /api/v1/meta", Answer(status=403, body=b"<html>"))

    with pytest.raises(NotAllowedError):
        ask(lambda server: server.meta())


def test_an_answer_of_something_else_says_so(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/meta", sends(b"<html>hello</html>", Content_Type="text/html"))

    with pytest.raises(ServerBrokenError, match="not joborch's"):
        ask(lambda server: server.meta())


def test_a_redirect_is_not_followed_but_named(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/meta", Answer(status=301, headers={"Location": "https://elsewhere/"}))

    with pytest.raises(ServerBrokenError, match="https://elsewhere/"):
        ask(lambda server: server.meta())


def test_a_redirect_is_told_with_the_address_of_the_server(stub: StubServer, ask: Ask) -> None:
    there = {"Location": "https://elsewhere/jobs/api/v1/meta?x=1"}
    stub.on("GET /api/v1/meta", Answer(status=308, headers=there))

    with pytest.raises(ServerBrokenError) as caught:
        ask(lambda server: server.meta())

    assert caught.value.hint == "use https://elsewhere/jobs as the server's address"


def test_an_overloaded_server_is_asked_again(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/meta", Answer(status=503), Answer(status=502), says(a_meta("example")))

    assert ask(lambda server: server.meta()).services == ["example"]
    assert len(stub.heard) == 3


def test_three_tries_are_all(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/meta", Answer(status=503))

    with pytest.raises(ServerBrokenError):
        ask(lambda server: server.meta())

    assert len(stub.heard) == 3


def test_what_may_not_be_repeated_is_tried_once(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs/7/cancel", Answer(status=503))

    with pytest.raises(ServerBrokenError):
        ask(lambda server: server.cancel(7))

    assert len(stub.heard) == 1


def test_other_server_errors_are_not_repeated(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/meta", Answer(status=500))

    with pytest.raises(ServerBrokenError):
        ask(lambda server: server.meta())

    assert len(stub.heard) == 1


def test_a_torn_connection_is_made_again(stub: StubServer, ask: Ask) -> None:
    job = says(a_job_view(7))
    stub.on("GET /api/v1/jobs/7", Answer(status=503, cut_after=0), job)

    assert ask(lambda server: server.job(7)).id == 7


def test_nobody_at_the_address_is_unreachable_with_the_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{taken.getsockname()[1]}"

    with pytest.raises(ServerUnreachableError, match="connection refused") as caught:
        asyncio.run(_meta_of(server))

    assert "joborch serve" in str(caught.value.hint)


def test_an_address_that_is_none_is_a_mistake_not_an_outage() -> None:
    with pytest.raises(InvalidRequestError, match="not a server's address"):
        asyncio.run(_meta_of("orchestrator:5000"))


async def _meta_of(server: str) -> None:
    async with Orchestrator(server, retries=Retries(base_s=0)) as orchestrator:
        await orchestrator.meta()


def test_a_server_that_never_answers_is_unreachable_after_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"

        async def ask() -> None:
            async with Orchestrator(address, timeout=timedelta(seconds=0.1)) as server:
                await server.meta()

        with pytest.raises(ServerUnreachableError, match="in time"):
            asyncio.run(ask())
