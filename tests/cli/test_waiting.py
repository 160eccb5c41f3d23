"""What a wait says while nothing happens."""

import pytest

from joborch.cli.follow import Waiting
from joborch.cli.options import Common
from joborch.cli.session import Session
from joborch.domain.states import JobState
from joborch.wire.jobs import Explanation
from tests.support.stub_server import Answer, Heard, StubServer, says
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
    assert lines[:2] == ["1 queued", "still waiting: 1 queued (no agent)"]
    assert lines[-1] == "1 completed"


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
