"""``joborch events``: what happened, what happens, and nothing twice or left out."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from joborch.domain.states import JobState
from joborch.wire.events import EventPage
from tests.support.command_line import Run
from tests.support.hand_agent import submit
from tests.support.server import RunningServer, running_server
from tests.support.site import Site, a_site
from tests.support.stub_server import StubServer, says, streams
from tests.support.views import NOON, an_event
from tests.support.waiting import wait_until

HISTORY, LIVE = "GET /api/v1/history", "GET /api/v1/events"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("events") / "data") as server:
        yield server


@pytest.fixture
def there(server: RunningServer) -> dict[str, str]:
    return {"JOBORCH_SERVER": server.url}


def told(lines: str) -> list[Any]:
    return [json.loads(line) for line in lines.splitlines()]


def test_what_happened_lately_is_told_line_by_line(
    joborch: Run, server: RunningServer, there: dict[str, str]
) -> None:
    job_id = submit(server.http, user_id="lately", hold="yes")
    server.http.post(f"/api/v1/jobs/{job_id}/cancel").raise_for_status()

    finished = joborch("events", "--user", "lately", **there)

    assert (finished.code, finished.err) == (0, "")
    assert [(each["job_id"], each["event"]) for each in told(finished.out)] == [
        (job_id, "submit"),
        (job_id, "cancel"),
    ]


def test_without_a_start_the_last_fifty_are_told(
    joborch: Run, server: RunningServer, there: dict[str, str]
) -> None:
    submit(server.http, user_id="many", array="1-60", hold="yes")

    seqs = [each["seq"] for each in told(joborch("events", "-u", "many", **there).out)]

    assert seqs == [*range(seqs[0], seqs[0] + 50)]
    assert joborch("events", "-u", "many", "--since", "0", **there).out.count("\n") == 60


def test_it_is_told_from_an_event_or_a_time_on(
    joborch: Run, server: RunningServer, there: dict[str, str]
) -> None:
    first = submit(server.http, user_id="since", hold="yes")
    second = submit(server.http, user_id="since", hold="yes")
    seq = told(joborch("events", "--job", f"{first}", "--json", **there).out)[0]["seq"]

    after = told(joborch("events", "--user", "since", "--since", f"{seq}", **there).out)
    lately = told(joborch("events", "--user", "since", "--since", "1h", **there).out)

    assert [each["job_id"] for each in after] == [second]
    assert [each["job_id"] for each in lately] == [first, second]


@pytest.mark.parametrize("of", ["--job", "--batch", "--service"])
def test_only_the_wanted_jobs_are_told_of(
    joborch: Run, server: RunningServer, there: dict[str, str], of: str
) -> None:
    job_id = submit(server.http, user_id=f"only{of}", array="5", hold="yes")
    batch = server.http.get(f"/api/v1/jobs/{job_id}").json()["batch"]
    value = {"--job": f"{job_id}", "--batch": batch, "--service": "example"}[of]

    finished = joborch("events", of, value, "--user", f"only{of}", "-q", **there)

    assert finished.out == f"{job_id}\n"


def test_a_person_reads_a_sentence(
    at_terminal: Run, server: RunningServer, there: dict[str, str]
) -> None:
    job_id = submit(server.http, user_id="person", hold="yes")
    server.http.post(f"/api/v1/jobs/{job_id}/cancel").raise_for_status()

    lines = at_terminal("events", "--user", "person", NO_COLOR="1", **there).out.splitlines()

    expected = ["UTC", f"{job_id}", "cancel", "queued", "→", "cancelled", "api"]
    assert lines[1].split()[2:9] == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "soon"), "--since: 'soon' is no time"),
        (("--format", "csv"), "events are lines of JSON"),
        (("--batch", "x"), "batch: 'x' is no batch"),
    ],
)
def test_a_mistake_is_told(
    joborch: Run, there: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    finished = joborch("events", *words, **there)

    assert finished.code in {2, 6}
    assert finished.out == ""
    assert said in finished.err


def page(*seqs: int, following: int | None = None) -> Any:
    at = [an_event(7, JobState.QUEUED, seq=seq) for seq in seqs]
    return says(EventPage(items=at, next=None if following is None else str(following)))


def test_a_time_is_looked_for_page_by_page(stub: StubServer, joborch: Run) -> None:
    old = an_event(7, JobState.QUEUED, seq=3)
    old.at = NOON - timedelta(days=900)
    stub.on(HISTORY, page(8, 9, following=8), page(following=4))
    stub.on(HISTORY, says(EventPage(items=[old], next="3")), page(8, 9))

    finished = joborch("events", "--since", "2026-01-01T00:00:00Z")

    assert [each["seq"] for each in told(finished.out)] == [8, 9]
    asked = [{**heard.query, "limit": ""} for heard in stub.heard]
    assert asked == [
        {"limit": ""},
        {"limit": "", "before": "8"},
        {"limit": "", "before": "4"},
        {"limit": "", "after": "3"},
    ]


def test_what_a_page_lacks_is_on_the_next_one(stub: StubServer, joborch: Run) -> None:
    stub.on(HISTORY, page(9, following=8), page(following=5), page(2, 4))

    finished = joborch("events")

    assert [each["seq"] for each in told(finished.out)] == [2, 4, 9]
    assert [heard.query["limit"] for heard in stub.heard] == ["50", "49", "49"]


@pytest.mark.parametrize("start", [(), ("--since", "5"), ("--since", "1h")])
def test_a_server_that_is_not_there_at_first_is_not_waited_for(
    joborch: Run, start: tuple[str, ...]
) -> None:
    finished = joborch("events", "-f", *start, JOBORCH_SERVER="http://127.0.0.1:9")

    assert finished.code == 5


def live(*seqs: int) -> list[tuple[str, object]]:
    return [("job", an_event(7, JobState.QUEUED, seq=seq)) for seq in seqs]


def test_what_was_missed_is_paged_through_and_nothing_is_told_twice(
    stub: StubServer, env: dict[str, str], tmp_path: Path
) -> None:
    """A stream tells 5 and then that too much was missed; the next one breaks off after 10."""
    stub.on(HISTORY, page(4), page(4), page())
    stub.on(LIVE, streams(*live(5), ("reset", {}), *live(7)))
    stub.on(HISTORY, page(8), page(6, 9))
    stub.on(LIVE, streams(*live(10)))
    stub.on(HISTORY, page(20), page(12))
    stub.on(LIVE, streams(*live(21)))

    with following(env, tmp_path) as command:
        told = command.wait_for(6)

    assert [each["seq"] for each in told[:6]] == [5, 6, 9, 10, 12, 21]
    assert streamed_after(stub)[:3] == ["4", "9", "20"]
    assert command.noted.startswith("the server went away after event 10; waiting for it\n")


def test_a_server_that_has_begun_anew_is_followed_from_there(
    stub: StubServer, env: dict[str, str], tmp_path: Path
) -> None:
    stub.on(HISTORY, page(3), page())
    stub.on(LIVE, streams(*live(4)))

    with following(env, tmp_path, "--since", "100") as command:
        told = command.wait_for(1)

    assert told[0]["seq"] == 4
    assert streamed_after(stub)[0] == "3"


def streamed_after(stub: StubServer) -> list[str]:
    return [heard.query["after"] for heard in stub.heard if heard.path == "/api/v1/events"]


@dataclass(frozen=True, slots=True)
class Following:
    """``joborch events -f`` as a process, and what it has said so far."""

    process: "subprocess.Popen[bytes]"
    directory: Path

    @property
    def told(self) -> list[Any]:
        text = (self.directory / "out").read_text()
        return told(text[: text.rfind("\n") + 1])

    @property
    def noted(self) -> str:
        return (self.directory / "err").read_text()

    def wait_for(self, count: int) -> list[Any]:
        wait_until(lambda: len(self.told) >= count, timeout=30, describe=lambda: self.noted)
        return self.told

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@contextmanager
def following(env: dict[str, str], directory: Path, *words: str) -> Iterator[Following]:
    with (directory / "out").open("wb") as out, (directory / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "joborch", "events", "-f", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=env,
        )
    try:
        yield Following(process, directory)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path) as site:
        yield site


def test_a_restart_of_the_server_loses_no_event(
    site: Site, env: dict[str, str], tmp_path: Path
) -> None:
    running = site.serve("--service", "example")
    [before] = site.submit("true", user="1", hold="yes")
    [unheard] = site.submit("true", user="other", hold="yes")
    there = env | {"JOBORCH_SERVER": site.url}

    with following(there, tmp_path, "--since", "0", "--user", "1") as command:
        assert command.wait_for(1)[0]["job_id"] == before
        running.end()
        wait_until(lambda: "went away after event 1" in command.noted, timeout=30)
        site.serve("--service", "example")
        [after] = site.submit("true", user="1", hold="yes")
        events = command.wait_for(2)
        code = command.interrupt()

    assert [each["job_id"] for each in events] == [before, after]
    assert unheard not in {each["job_id"] for each in events}
    assert command.noted.splitlines() == [
        "the server went away after event 1; waiting for it",
        "the server is back",
    ]
    assert code == 130
