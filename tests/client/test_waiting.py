import asyncio
from collections.abc import AsyncIterator

import pytest

from joborch.client import LogRestarted, Orchestrator
from joborch.client.streams import messages
from joborch.domain.errors import JobNotFoundError, ServerBrokenError
from joborch.domain.states import JobState
from joborch.wire.events import LogText
from joborch.wire.jobs import JobView
from tests.client.conftest import Ask
from tests.support.stub_server import Answer, StubServer, refuses, says, streams
from tests.support.views import a_job_view, a_page, an_event

QUEUED, RUNNING = JobState.QUEUED, JobState.RUNNING
COMPLETED, FAILED = JobState.COMPLETED, JobState.FAILED
EVENTS, JOBS = "GET /api/v1/events", "GET /api/v1/jobs"


def test_one_job_is_waited_for_by_long_polls(stub: StubServer, ask: Ask) -> None:
    running, done = says(a_job_view(42, RUNNING)), says(a_job_view(42, COMPLETED))
    stub.on("GET /api/v1/jobs/42", running, done)
    seen: list[str] = []

    jobs = ask(lambda server: server.wait([42], on_change=lambda job: seen.append(job.state)))

    assert [job.state for job in jobs] == ["completed"]
    assert seen == ["running", "completed"]
    assert [one.query for one in stub.heard] == [{}, {"wait_s": "25", "until": "done,done"}]


def test_a_job_that_ended_before_is_not_waited_for(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, FAILED)))

    assert ask(lambda server: server.wait([42]))[0].state == "failed"
    assert len(stub.heard) == 1


def test_waiting_for_the_start_ends_with_a_job_that_never_started(
    stub: StubServer, ask: Ask
) -> None:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, JobState.CANCELLED)))

    assert ask(lambda server: server.wait([42], until="running"))[0].state == "cancelled"


def test_a_server_that_restarts_meanwhile_is_waited_for_too(stub: StubServer, ask: Ask) -> None:
    away = Answer(status=503)
    stub.on(
        "GET /api/v1/jobs/42",
        says(a_job_view(42, RUNNING)),
        *[away] * 5,
        says(a_job_view(42, COMPLETED)),
    )

    assert ask(lambda server: server.wait([42]))[0].state == "completed"


def test_a_server_that_is_not_there_at_first_is_not_waited_for(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/jobs/42", Answer(status=503))

    with pytest.raises(ServerBrokenError):
        ask(lambda server: server.wait([42]))


def test_many_jobs_are_waited_for_by_one_stream(stub: StubServer, ask: Ask) -> None:
    stub.on(EVENTS, streams(("job", an_event(1, COMPLETED)), ("job", an_event(2, FAILED, seq=2))))
    stub.on(
        JOBS,
        says(a_page(a_job_view(1, RUNNING), a_job_view(2, QUEUED))),
        says(a_page(a_job_view(1, COMPLETED), a_job_view(2, FAILED))),
    )

    jobs = ask(lambda server: server.wait([1, 2]))

    assert [job.state for job in jobs] == ["completed", "failed"]
    assert stub.paths() == [EVENTS, JOBS, JOBS]
    assert stub.heard[0].query == {"job": "1,2"}


def test_what_happened_before_the_stream_is_in_the_list(stub: StubServer, ask: Ask) -> None:
    stub.on(EVENTS, streams())
    stub.on(JOBS, says(a_page(a_job_view(1, COMPLETED), a_job_view(2, COMPLETED))))

    ask(lambda server: server.wait([1, 2]))

    assert stub.paths() == [EVENTS, JOBS, JOBS]


def test_a_broken_stream_is_resumed_after_the_last_event(stub: StubServer, ask: Ask) -> None:
    known = an_event(1, COMPLETED, seq=7)
    first = streams(("job", known), ids=(7,))
    second = streams(("job", an_event(2, COMPLETED, seq=9)), ids=(9,))
    stub.on(EVENTS, first, second)
    both_run = says(a_page(a_job_view(1, RUNNING), a_job_view(2, RUNNING)))
    one_runs = says(a_page(a_job_view(2, RUNNING)))
    ended = says(a_page(a_job_view(1, COMPLETED), a_job_view(2, COMPLETED)))
    stub.on(JOBS, both_run, one_runs, one_runs, ended)

    ask(lambda server: server.wait([1, 2]))

    opened = [heard for heard in stub.heard if heard.path.endswith("/events")]
    assert [heard.headers.get("last-event-id") for heard in opened] == [None, known.mark]


def test_without_a_stream_the_jobs_are_asked_for(stub: StubServer, ask: Ask) -> None:
    stub.on(EVENTS, Answer(status=404))
    running = says(a_page(a_job_view(1, RUNNING), a_job_view(2, RUNNING)))
    ended = says(a_page(a_job_view(1, COMPLETED), a_job_view(2, COMPLETED)))
    stub.on(JOBS, running, running, ended)

    assert len(ask(lambda server: server.wait([1, 2]))) == 2


def test_after_missed_events_the_jobs_are_listed_again(stub: StubServer, ask: Ask) -> None:
    stub.on(EVENTS, streams(("reset", {})))
    stub.on(
        JOBS,
        says(a_page(a_job_view(1, RUNNING), a_job_view(2, RUNNING))),
        says(a_page(a_job_view(1, COMPLETED), a_job_view(2, COMPLETED))),
    )

    ask(lambda server: server.wait([1, 2]))

    assert stub.paths() == [EVENTS, JOBS, JOBS, JOBS]


def test_an_event_of_an_older_attempt_is_no_news(stub: StubServer, ask: Ask) -> None:
    late = an_event(1, FAILED, attempt=1)
    true = an_event(1, COMPLETED, attempt=2, seq=2)
    stub.on(EVENTS, streams(("job", late), ("job", true)))
    second = a_job_view(1, RUNNING, attempt=2)
    done = a_job_view(2, COMPLETED)
    stub.on(JOBS, says(a_page(second, done)))
    seen: list[tuple[int, str]] = []

    ask(lambda server: server.wait([1, 2], on_change=lambda job: seen.append((job.id, job.state))))

    assert seen == [(1, "running"), (2, "completed"), (1, "completed")]


def test_a_job_that_is_not_there_is_named(stub: StubServer, ask: Ask) -> None:
    stub.on(EVENTS, streams())
    stub.on(JOBS, says(a_page(a_job_view(1, RUNNING))))

    with pytest.raises(JobNotFoundError, match="no job 2"):
        ask(lambda server: server.wait([1, 2]))


def test_a_log_is_followed_to_the_end_of_its_job(stub: StubServer, ask: Ask) -> None:
    ended = a_job_view(42, COMPLETED)
    stub.on("GET /api/v1/jobs/42/logs/stream", streams(("log", a_text("hi\n")), ("end", ended)))

    assert ask(_followed) == ["hi\n", ended]


def test_after_a_torn_connection_nothing_of_a_log_is_repeated(stub: StubServer, ask: Ask) -> None:
    ended = a_job_view(42, COMPLETED)
    stub.on(
        "GET /api/v1/jobs/42/logs/stream",
        streams(("log", a_text("one\ntwo\n"))),
        streams(("log", a_text("one\n")), ("log", a_text("two\nthree\n", 4)), ("end", ended)),
    )

    assert ask(_followed) == ["one\ntwo\n", "three\n", ended]


def test_a_new_attempt_starts_its_log_again(stub: StubServer, ask: Ask) -> None:
    stub.on(
        "GET /api/v1/jobs/42/logs/stream",
        streams(
            ("log", a_text("one\n")),
            ("restart", {}),
            ("log", a_text("one\n")),
            ("end", a_job_view(42, COMPLETED)),
        ),
    )

    assert ask(_followed)[:3] == ["one\n", LogRestarted(), "one\n"]


def test_a_log_of_no_job_is_an_error_at_once(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/jobs/42/logs/stream", refuses(JobNotFoundError(42)))

    with pytest.raises(JobNotFoundError):
        ask(_followed)


def test_events_are_gathered_from_lines_and_a_torn_one_is_dropped() -> None:
    async def lines() -> AsyncIterator[str]:
        for line in [": c", "", "id: 5", "event: job", "data: a", "data:b", "", "data: torn"]:
            yield line

    async def gathered() -> list[tuple[str, str, str | None]]:
        return [(m.kind, m.data, m.id) async for m in messages(lines())]

    assert asyncio.run(gathered()) == [("job", "a\nb", "5")]


def a_text(text: str, offset: int = 0) -> LogText:
    return LogText(stream="stdout", offset=offset, text=text)


async def _followed(server: Orchestrator) -> list[str | LogRestarted | JobView]:
    items = [item async for item in server.follow_log(42)]
    return [item.text if isinstance(item, LogText) else item for item in items]
