"""``submit --dry-run``: what jobs would meet in the line of their user."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from joborch.domain.errors import NotFoundError
from joborch.wire.jobs import JobView
from joborch.wire.services import ServiceList, ServiceView, UsageList, UsageView
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, refuses, says
from tests.support.views import a_job_view, a_meta, a_page

TOMORROW = datetime.now(UTC) + timedelta(days=1)
EXAMPLE = ServiceView(
    name="example",
    per_user=2,
    max=None,
    active=0,
    queued=9,
    agents=1,
    slots=4,
    time_limit_s=None,
    configured=True,
)


def with_line(stub: StubServer, *waiting: JobView) -> None:
    """A service of four free slots, two for each user, with jobs that wait."""
    used = UsageView(user_id="1", service="example", active=0, queued=9, limit=2)
    stub.on("GET /api/v1/meta", says(a_meta("example")))
    stub.on("GET /api/v1/services", says(ServiceList(items=[EXAMPLE])))
    stub.on("GET /api/v1/usage", says(UsageList(items=[used])))
    stub.on("GET /api/v1/estimate", refuses(NotFoundError("no such path")))
    stub.on("GET /api/v1/jobs", says(a_page(*waiting)))


@pytest.mark.parametrize("aside", [{"not_before": TOMORROW}, {"after": [1], "after_count": 1}])
def test_a_job_that_stands_aside_is_not_ahead_of_a_new_one(
    stub: StubServer, joborch: Run, home: Path, aside: dict[str, Any]
) -> None:
    (home / "run.sh").write_text("#!/bin/sh\n")
    with_line(stub, a_job_view(3, **aside), a_job_view(4, **aside))

    done = joborch("submit", "-s", "example", "--dry-run", "run.sh")

    assert "  start: at once, unless other users are ahead" in done.err


def test_only_jobs_that_go_first_are_counted_as_ahead(
    stub: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text("#!/bin/sh\n")
    with_line(stub, a_job_view(3))

    done = joborch(
        "submit", "-s", "example", "-p", "70", "-a", "1-3", "--dry-run", "--json", "run.sh"
    )

    asked = next(heard.query for heard in stub.heard if heard.path == "/api/v1/jobs")
    assert asked["q"] == "state:queued !state:held prio>=70"
    assert (asked["user"], asked["service"]) == ("1", "example")
    assert json.loads(done.out)["effects"][0]["starting_at_most"] == 1
