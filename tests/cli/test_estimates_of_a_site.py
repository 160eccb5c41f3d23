"""What a real server knows of the future, as its users are told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Run
from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server where jobs have run, one runs, and one of the same user waits."""
    data = tmp_path_factory.mktemp("site") / "data"
    with running_server(data, service=["example:per_user=1"], poll_s="1s") as running:
        agent = HandAgent(running.http, slots=9)
        for number in range(6):
            agent.finish(agent.take(submit(running.http, user_id=f"u{number}")))
        agent.take(submit(running.http, user_id="1"))
        submit(running.http, user_id="1")
        yield running


@pytest.fixture
def env(env: dict[str, str], server: RunningServer, home: Path) -> dict[str, str]:
    (home / "run.sh").write_text("true")
    return env | {"JOBORCH_SERVER": server.url, "JOBORCH_SERVICE": "example"}


def test_a_job_that_waits_is_told_for_which_and_until_when(joborch: Run) -> None:
    done = joborch("explain", "8")
    document = json.loads(joborch("explain", "8", "--json").out)

    assert done.code == 0
    assert "quota of 1 for example is used up: 1/1" in done.out
    assert "      start: " in done.out
    assert "      sooner: wait for or cancel 7\n" in done.out
    assert document["holders"] == [7]
    assert document["estimate"]["low_s"] <= document["estimate"]["expected_s"]


def test_a_rehearsal_says_when_jobs_would_start(joborch: Run) -> None:
    others = joborch("submit", "-u", "new", "-a", "1-3", "--dry-run", "run.sh")
    limited = joborch("submit", "-u", "new", "-a", "1-3%1", "--dry-run", "--json", "run.sh")
    told = joborch("submit", "-u", "new", "-a", "1-3%1", "--dry-run", "run.sh")
    held = joborch("submit", "-u", "new", "--hold", "--dry-run", "run.sh")

    assert "  about: the first now; the last in about " in others.err
    assert told.err.endswith("  about: the first now\n")
    effect = json.loads(limited.out)["effects"][0]
    assert effect["first_start"]["high_s"] == 0
    assert effect["last_start"] is None
    assert "about:" not in held.err


def test_statistics_count_what_has_run(joborch: Run) -> None:
    document = json.loads(joborch("stats", "--window", "10m", "--json").out)

    assert (document["completed"], document["queued"], document["active"]) == (6, 1, 1)
    assert document["run"]["count"] == 6
    assert document["drain"]["expected_s"] > 0
    assert joborch("stats", "-s", "no").code == 3
