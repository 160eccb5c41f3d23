"""What a wait says while nothing happens."""

import pytest
from msgspec import structs

from joborch.cli.follow import Waiting
from joborch.cli.hindrance import hindrance, tell_hindrances
from joborch.cli.options import Common
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.states import JobState
from joborch.wire.jobs import Explanation
from tests.support.command_line import Run
from tests.support.stub_server import Answer, Heard, StubServer, says, streams
from tests.support.views import a_job_view

EXPLAIN = "/api/v1/jobs/42/explain"


def test_a_wait_in_lines_says_now_and_then_that_it_goes_on_and_why(
    stub: StubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def until_it_was_explained(heard: Heard) -> Answer:
        is_told = f"GET {EXPLAIN}" in stub.paths()
        return says(a_job_view(42, JobState.COMPLETED if is_told else JobState.QUEUED))

    stub.on("GET /api/v1/jobs/42", until_it_was_explained)
    stub.on(f"GET {EXPLAIN}", says(without_an_agent()))
    session = Session(Common(server=stub.url))

    session.run(Waiting(session, [42], silence_s=0.01).finish)

    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["1 queued", "still waiting: 1 queued (no agent up)"]
    assert lines[-1] == "1 completed"


def test_whoever_follows_a_job_that_waits_is_told_why_and_when_that_changes(
    stub: StubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    held = structs.replace(without_an_agent(), reason="held", message="it is held")
    runs = structs.replace(held, state="running", reason=None)
    stub.on(f"GET {EXPLAIN}", *map(says, (without_an_agent(), without_an_agent(), held, runs)))
    session = Session(Common(server=stub.url))

    async def work(orchestrator: Orchestrator) -> None:
        first = await hindrance(orchestrator, 42)
        await tell_hindrances(session, orchestrator, first, ask_every_s=0)

    session.run(work)

    assert capsys.readouterr().err.splitlines() == [
        "still waiting: job 42 is queued (no agent up)",
        "still waiting: job 42 is queued (it is held)",
    ]


def test_a_log_of_a_job_that_waits_begins_with_why(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42)))
    stub.on(f"GET {EXPLAIN}", says(without_an_agent()))
    ended = a_job_view(42, JobState.COMPLETED)
    stub.on("GET /api/v1/jobs/42/logs/stream", streams(("end", ended)))

    done = joborch("logs", "-f", "42")

    assert (done.code, done.err) == (0, "still waiting: job 42 is queued (no agent up)\n")


def without_an_agent() -> Explanation:
    return Explanation(
        job_id=42,
        state="queued",
        reason="no_agent",
        message="no agent offers example",
        user_active=0,
        user_limit=5,
        service_active=0,
        service_limit=None,
        position=1,
        ahead=0,
        held_by=[],
        agents=0,
        free_slots=0,
    )
