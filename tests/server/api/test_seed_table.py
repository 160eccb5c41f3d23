"""What users of the original are told: every route, every state of a job, both generations.

The expected answers are written out, from the reference: status, content type, body.
"""

import io
import shutil
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest

from joborch.wire.agents import Lease
from tests.support.hand_agent import HandAgent, a_zip, submit
from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_until

JSON, TEXT, HTML = "application/json", "text/plain; charset=utf-8", "text/html; charset=utf-8"
ZIP = "application/zip"

Told = tuple[int, str | None, str]
"""Status, content type, body; of a ZIP the names of its files."""


def status_body(word: str, message: str = "", job_id: str = "ID") -> str:
    return f'{{"id":{job_id},"status":"{word}","message":"{message}"}}'


UNKNOWN_ID = (404, JSON, status_body("Unknown", "Job 987654321 not found in the database", "0"))
NO_PAYLOAD = (404, JSON, status_body("Unknown", "Job payload not found on client"))
RESULTS = (200, ZIP, "out.txt")
LOST_BECAUSE = "the host was rebooted"

DOWNLOAD: dict[str, dict[str, Told]] = {
    "v1": {
        "queued": (202, JSON, status_body("Queued")),
        "held": (202, JSON, status_body("Queued")),
        "assigned": (202, JSON, status_body("Submitted")),
        "running": (202, JSON, status_body("Running")),
        "completed": RESULTS,
        "failed": (204, None, ""),
        "timed_out": (204, None, ""),
        "cancelled": (204, None, ""),
        "invalid": (204, None, ""),
        "lost": (204, None, ""),
        "removed": (204, None, ""),
        "unknown": UNKNOWN_ID,
        "malformed": (400, TEXT, "Invalid URL: Cannot parse `x` to a `i32`"),
    },
    "v2": {
        "queued": (200, JSON, status_body("Queued")),
        "held": (200, JSON, status_body("Queued")),
        "assigned": (200, JSON, status_body("Submitted")),
        "running": (200, JSON, status_body("Running")),
        "completed": RESULTS,
        "failed": (200, JSON, status_body("Failed", "exit status 1")),
        "timed_out": (200, JSON, status_body("Failed", "exit status 1")),
        "cancelled": (200, JSON, status_body("Killed", "cancelled by api")),
        "invalid": (200, JSON, status_body("Invalid", "there is no run.sh among the files")),
        "lost": (200, JSON, status_body("Unknown", LOST_BECAUSE)),
        "removed": (200, JSON, status_body("Cleaned")),
        "unknown": UNKNOWN_ID,
        "malformed": (400, TEXT, "Invalid URL: Cannot parse `x` to a `u32`"),
    },
}
STATES = [*DOWNLOAD["v1"]]
X_JOB_STATUS = {
    "queued": "Queued",
    "held": "Queued",
    "assigned": "Submitted",
    "running": "Running",
    "completed": "Completed",
    "failed": "Failed",
    "timed_out": "Failed",
    "cancelled": "Killed",
    "invalid": "Invalid",
    "lost": "Unknown",
    "removed": "Cleaned",
    "unknown": None,
    "malformed": None,
}
PARTIAL: dict[str, Told] = {
    "queued": NO_PAYLOAD,
    "held": NO_PAYLOAD,
    "assigned": NO_PAYLOAD,
    "running": (200, ZIP, "now.txt"),
    "completed": RESULTS,
    "failed": RESULTS,
    "timed_out": RESULTS,
    "cancelled": NO_PAYLOAD,
    "invalid": NO_PAYLOAD,
    "lost": NO_PAYLOAD,
    "removed": NO_PAYLOAD,
    "unknown": UNKNOWN_ID,
    "malformed": (400, TEXT, "Invalid URL: Cannot parse `x` to a `u32`"),
}
TERMINATE: dict[str, Told] = {
    "queued": (200, JSON, status_body("Killed", "job terminated")),
    "held": (200, JSON, status_body("Killed", "job terminated")),
    "assigned": (200, JSON, status_body("Submitted", "job terminated")),
    "running": (200, JSON, status_body("Running", "job terminated")),
    "completed": (500, JSON, status_body("Completed", "could not terminate job")),
    "failed": (500, JSON, status_body("Failed", "could not terminate job")),
    "timed_out": (500, JSON, status_body("Failed", "could not terminate job")),
    "cancelled": (500, JSON, status_body("Killed", "could not terminate job")),
    "invalid": (500, JSON, status_body("Invalid", "could not terminate job")),
    "lost": (500, JSON, status_body("Unknown", "could not terminate job")),
    "removed": (500, JSON, status_body("Cleaned", "could not terminate job")),
    "unknown": UNKNOWN_ID,
    "malformed": (400, TEXT, "Invalid URL: Cannot parse `x` to a `u32`"),
}
PAGES: dict[str, Told] = {
    "/": (200, JSON, '{"message":"pong"}'),
    "/health": (200, JSON, '{"status":"ok","database":"ok"}'),
    "/swagger-ui/": (200, HTML, "<!DOCTYPE html>"),
    "/swagger": (200, HTML, "<!DOCTYPE html>"),
    "/api-docs/openapi.json": (200, JSON, '{"info":{"title":"joborch"'),
}

PART = "--B\r\nContent-Disposition: form-data; name={}\r\n\r\n{}\r\n"
FILE = PART.format('"file"; filename="run.sh"', "true")
USER, SERVICE = PART.format('"user_id"', "7"), PART.format('"service"', "example")
END = "--B--\r\n"
FORM = "multipart/form-data; boundary=B"
OTHER_USERS = {
    "text": "ann",
    "nothing": "",
    "a fraction": "1.5",
    "spaces around it": " 7 ",
    "a space before it": " 7",
    "a line end after it": "7\n",
    "below zero": "-7",
    "more than 32 bits": "2147483648",
    "digits of another script": "\u0667",
}
REFUSED_UPLOADS: list[tuple[str, str, str, str, str]] = [
    ("nothing", FORM, END, "Missing user_id", "Missing user_id field"),
    ("no user", FORM, FILE + SERVICE + END, "Missing user_id", "Missing user_id field"),
    ("no service", FORM, FILE + USER + END, "Missing service", "Missing service field"),
    *(
        (
            f"the user is {what}",
            FORM,
            FILE + SERVICE + PART.format('"user_id"', text) + END,
            "Invalid user_id",
            "Invalid user_id, should be a number",
        )
        for what, text in OTHER_USERS.items()
    ),
    *(
        (
            f"the service is {name!r}",
            FORM,
            FILE + USER + PART.format('"service"', name) + END,
            "Invalid service",
            "Invalid service",
        )
        for name in ("nope", "Example", "", "example ", "example\n")
    ),
]
BROKEN_UPLOADS = [
    ("cut off", FORM, FILE + USER),
    ("without a boundary", "multipart/form-data", FILE + USER + SERVICE + END),
    ("another boundary", "multipart/form-data; boundary=C", FILE + USER + SERVICE + END),
    ("no multipart", "application/x-www-form-urlencoded", "user_id=7&service=example"),
    ("empty", FORM, ""),
]


@dataclass(slots=True)
class Place:
    """A server of one generation, with a job in every state: one to look at, one to end."""

    compat: str
    server: RunningServer
    agent: HandAgent
    looked_at: dict[str, int | str]
    ended: dict[str, int | str]

    def ask(self, method: str, route: str, job_id: int | str) -> httpx.Response:
        return self.server.http.request(method, route.format(job_id))


SERVICES = ["example:per_user=100", "idle"]
REMOVED = (1, 2)
"""The first two jobs of either server."""


@pytest.fixture(scope="module")
def after_retention(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's data directory with two completed jobs whose results retention has removed."""
    data = tmp_path_factory.mktemp("before") / "data"
    with running_server(data, max_age="0.05s", service=SERVICES) as server:
        agent = HandAgent(server.http)
        for job_id in REMOVED:
            assert ended_as("completed", server, agent) == job_id
            wait_until(partial(are_results_removed, server, job_id), timeout=30)
    return data


@pytest.fixture(scope="module", params=["v1", "v2"])
def place(
    request: pytest.FixtureRequest, after_retention: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    data = tmp_path_factory.mktemp(request.param) / "data"
    shutil.copytree(after_retention, data)
    flags = {"compat": request.param, "max_upload": "1M", "service": SERVICES, "poll_s": "1s"}
    with running_server(data, **flags) as server:
        agent = HandAgent(server.http, slots=100)
        looked_at, ended = (a_job_in_every_state(server, agent, removed) for removed in REMOVED)
        yield Place(request.param, server, agent, looked_at, ended)
        assert "Traceback" not in server.log


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def are_results_removed(server: RunningServer, job_id: int) -> bool:
    job = server.http.get(f"/api/v1/jobs/{job_id}").json()
    return job["results"]["removed_at"] is not None


def a_job_in_every_state(
    server: RunningServer, agent: HandAgent, removed: int
) -> dict[str, int | str]:
    cancelled = submit(server.http, service="idle")
    server.http.post(f"/terminate/{cancelled}").raise_for_status()
    form = {"user_id": 7, "service": "example"}
    invalid = server.http.post("/upload", data=form, files={"file": ("data.txt", b"")}).json()["id"]
    return {
        "queued": submit(server.http, service="idle"),
        "held": submit(server.http, service="idle", hold="yes"),
        "assigned": leased(server, agent).job_id,
        "running": running(server, agent),
        "completed": ended_as("completed", server, agent),
        "failed": ended_as("failed", server, agent),
        "timed_out": ended_as("timed_out", server, agent),
        "cancelled": cancelled,
        "invalid": invalid,
        "lost": lost(server, agent),
        "removed": removed,
        "unknown": 987654321,
        "malformed": "x",
    }


def leased(server: RunningServer, agent: HandAgent) -> Lease:
    return agent.take(submit(server.http))


def running(server: RunningServer, agent: HandAgent) -> int:
    lease = leased(server, agent)
    notice = {"job_id": lease.job_id, "attempt": 1, "token": lease.token, "ago_s": 0}
    agent.call("POST", "/started", json=[notice]).raise_for_status()
    return lease.job_id


def ended_as(outcome: str, server: RunningServer, agent: HandAgent) -> int:
    lease = leased(server, agent)
    agent.finish(lease, outcome=outcome)
    return lease.job_id


def lost(server: RunningServer, agent: HandAgent) -> int:
    lease = agent.take(submit(server.http, max_attempts="1"))
    report = {"job_id": lease.job_id, "attempt": 1, "token": lease.token}
    reports = [{**report, "outcome": "lost", "reason": LOST_BECAUSE}]
    agent.call("POST", "/reports", json=reports).raise_for_status()
    return lease.job_id


def told(answer: httpx.Response, job_id: int | str = "") -> Told:
    content_type = answer.headers.get("content-type")
    if content_type == ZIP and answer.content:
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        return answer.status_code, ZIP, " ".join(names)
    return answer.status_code, content_type, answer.text.replace(f'"id":{job_id},', '"id":ID,')


@pytest.mark.parametrize("state", STATES)
def test_a_download_says_where_a_job_is(place: Place, state: str) -> None:
    job_id = place.looked_at[state]

    answer = place.ask("GET", "/download/{}", job_id)

    assert told(answer, job_id) == DOWNLOAD[place.compat][state]
    assert answer.headers.get("x-job-status") == X_JOB_STATUS[state]


@pytest.mark.parametrize("state", STATES)
def test_head_says_the_same_without_a_body(place: Place, state: str) -> None:
    body = place.ask("GET", "/download/{}", place.looked_at[state])

    answer = place.ask("HEAD", "/download/{}", place.looked_at[state])

    status, content_type, _ = DOWNLOAD[place.compat][state]
    assert told(answer) == (status, content_type, "")
    assert answer.headers.get("content-length") == body.headers.get("content-length")
    assert answer.headers.get("x-job-status") == X_JOB_STATUS[state]


@pytest.mark.parametrize(
    "state", [state for state in STATES if state not in {"assigned", "running"}]
)
def test_a_partial_download_is_what_there_is(place: Place, state: str) -> None:
    job_id = place.looked_at[state]

    answer = place.ask("GET", "/download_partial/{}", job_id)

    assert told(answer, job_id) == PARTIAL[state]


@pytest.mark.parametrize("state", STATES)
def test_head_of_a_partial_download_says_the_same_and_has_nothing_packed(
    place: Place, state: str
) -> None:
    answer = place.ask("HEAD", "/download_partial/{}", place.looked_at[state])

    status, content_type, _ = PARTIAL[state]
    assert told(answer) == (status, content_type, "")
    assert place.agent.poll().snapshots == []


def test_the_directory_of_a_running_job_is_brought_by_its_agent(
    place: Place, aside: ThreadPoolExecutor
) -> None:
    job_id = place.looked_at["running"]
    wanted = aside.submit(place.ask, "GET", "/download_partial/{}", job_id)

    order = wait_until(lambda: place.agent.poll().snapshots)[0]
    place.agent.call("PUT", f"/snapshots/{order.request_id}", content=a_zip({"now.txt": ""}))

    assert told(wanted.result(), job_id) == PARTIAL["running"]


def test_a_job_that_has_not_started_has_no_directory_yet(
    place: Place, aside: ThreadPoolExecutor
) -> None:
    job_id = place.looked_at["assigned"]
    wanted = aside.submit(place.ask, "GET", "/download_partial/{}", job_id)

    order = wait_until(lambda: place.agent.poll().snapshots)[0]
    place.agent.call("DELETE", f"/snapshots/{order.request_id}")

    assert told(wanted.result(), job_id) == PARTIAL["assigned"]


@pytest.mark.parametrize("state", STATES)
def test_what_has_not_ended_can_be_terminated(place: Place, state: str) -> None:
    job_id = place.ended[state]

    answer = place.ask("POST", "/terminate/{}", job_id)

    assert told(answer, job_id) == TERMINATE[state]


def test_terminating_a_finished_job_takes_nothing_from_it(place: Place) -> None:
    job_id = place.ended["completed"]

    place.ask("POST", "/terminate/{}", job_id)

    assert told(place.ask("GET", "/download/{}", job_id), job_id) == RESULTS


def test_results_that_the_disk_has_lost_count_as_removed(place: Place) -> None:
    job_id = ended_as("completed", place.server, place.agent)
    (archive,) = place.server.data.glob(f"results/*/{job_id}-1.zip")
    archive.unlink()

    answer = place.ask("GET", "/download/{}", job_id)

    assert told(answer, job_id) == DOWNLOAD[place.compat]["removed"]
    assert answer.headers["x-job-status"] == "Cleaned"


@pytest.mark.parametrize("page", PAGES)
def test_the_other_pages_are_there(place: Place, page: str) -> None:
    answer = place.server.http.get(page)

    status, content_type, begins = PAGES[page]
    assert told(answer)[:2] == (status, content_type)
    assert answer.text.startswith(begins)


@pytest.mark.parametrize("page", PAGES)
def test_head_of_the_other_pages_is_answered_too(place: Place, page: str) -> None:
    body = place.server.http.get(page)

    answer = place.server.http.head(page)

    assert told(answer) == (*PAGES[page][:2], "")
    assert answer.headers["content-length"] == body.headers["content-length"]


IDS: dict[str, dict[str, list[str]]] = {
    "i32": {
        "read": ["-1", "+987654321", "-0", "0", "2147483647", "-2147483648", f"{0:0100}"],
        "refused": ["2147483648", "-2147483649", "4294967296", "9" * 5000, "--1", "1_0"],
    },
    "u32": {
        "read": ["+987654321", "0", "2147483648", "4294967295", f"{0:0100}"],
        "refused": ["-1", "-0", "4294967296", "9" * 5000, "++1", "1_0"],
    },
}
KINDS = {
    ("GET", "/download/{}"): {"v1": "i32", "v2": "u32"},
    ("GET", "/download_partial/{}"): {"v1": "u32", "v2": "u32"},
    ("POST", "/terminate/{}"): {"v1": "u32", "v2": "u32"},
}


@pytest.mark.parametrize(("method", "route"), KINDS)
def test_ids_are_read_as_the_originals_numbers(place: Place, method: str, route: str) -> None:
    kind = KINDS[method, route][place.compat]
    statuses = {
        word: {place.ask(method, route, text).status_code for text in IDS[kind][word]}
        for word in ("read", "refused")
    }

    refused = place.ask(method, route, "4294967296").text

    assert statuses == {"read": {404}, "refused": {400}}
    assert refused == f"Invalid URL: Cannot parse `4294967296` to a `{kind}`"


def test_a_good_upload_is_accepted(place: Place) -> None:
    answer = upload(place, FORM, FILE + USER + SERVICE + PART.format('"other"', "ignored") + END)

    job_id, loc = answer.json()["id"], answer.json()["loc"]
    assert told(answer, job_id) == (
        {"v1": 200, "v2": 201}[place.compat],
        JSON,
        '{"id":ID,"user_id":7,"service":"example","status":"Queued",'
        f'"loc":"{loc}","dest_id":0,"message":"Job successfully uploaded"}}',
    )


@pytest.mark.parametrize(
    ("kind", "body", "v1", "v2"),
    [pytest.param(*row[1:], id=row[0]) for row in REFUSED_UPLOADS],
)
def test_a_bad_upload_is_refused(place: Place, kind: str, body: str, v1: str, v2: str) -> None:
    payloads = place.server.payloads

    answer = upload(place, kind, body)

    v2_body = status_body("Unknown", v2, "0")
    assert told(answer) == {"v1": (400, TEXT, v1), "v2": (400, JSON, v2_body)}[place.compat]
    assert (place.server.staged, place.server.payloads) == ([], payloads)


@pytest.mark.parametrize(
    ("kind", "body"), [pytest.param(*row[1:], id=row[0]) for row in BROKEN_UPLOADS]
)
def test_a_broken_upload_is_refused(place: Place, kind: str, body: str) -> None:
    payloads = place.server.payloads

    status, content_type, said = told(upload(place, kind, body))

    assert (status, content_type) == (400, {"v1": TEXT, "v2": JSON}[place.compat])
    begins = {"v1": "", "v2": '{"id":0,"status":"Unknown","message":"'}[place.compat]
    assert said.startswith(f"{begins}Multipart error: ")
    assert "error: multipart:" not in said
    assert (place.server.staged, place.server.payloads) == ([], payloads)


def test_an_upload_over_the_limit_is_refused(place: Place) -> None:
    large = PART.format('"file"; filename="large"', "x" * 2**20)

    answer = upload(place, FORM, large + USER + SERVICE + END)

    assert told(answer)[:2] == (413, {"v1": TEXT, "v2": JSON}[place.compat])
    assert place.server.staged == []


def test_an_upload_with_a_key_is_accepted_once(place: Place) -> None:
    body, headers = FILE + USER + SERVICE + END, {"idempotency-key": "once"}

    first, second = (upload(place, FORM, body, headers) for _ in range(2))
    other = upload(place, FORM, FILE + FILE.replace("run.sh", "b") + USER + SERVICE + END, headers)
    bad = upload(place, FORM, body, {"idempotency-key": "two words"})

    assert told(first) == told(second)
    assert [answer.status_code for answer in (other, bad)] == [409, 400]
    assert place.server.staged == []


def upload(
    place: Place, content_type: str, body: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    sent = {"content-type": content_type, **(headers or {})}
    return place.server.http.post("/upload", content=body.encode(), headers=sent)
