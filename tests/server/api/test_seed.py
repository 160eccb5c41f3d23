import io
import json
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from tests.support.hand_agent import HandAgent
from tests.support.server import RunningServer, running_server

SCRIPT = {"file": ("run.sh", b"true")}


@pytest.fixture(scope="module", params=["v1", "v2"])
def either(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp(request.param) / "data"
    with running_server(data, compat=request.param, poll_s="1s") as server:
        yield server


@pytest.fixture(scope="module")
def worker(either: RunningServer) -> HandAgent:
    return HandAgent(either.http, slots=100)


def upload(server: RunningServer, **form: object) -> httpx.Response:
    return server.http.post(
        "/upload", data={"user_id": 1, "service": "example", **form}, files=SCRIPT
    )


def compat_of(server: RunningServer) -> str:
    return str(server.http.get("/api/v1/meta").json()["compat"])


def is_v1(server: RunningServer) -> bool:
    return compat_of(server) == "v1"


def test_an_upload_is_answered_in_the_originals_words(either: RunningServer) -> None:
    answer = upload(either, user_id=7, anything="else")

    body = answer.json()
    assert answer.status_code == (200 if is_v1(either) else 201)
    assert [*body] == ["id", "user_id", "service", "status", "loc", "dest_id", "message"]
    assert body | {"id": 0, "loc": ""} == {
        "id": 0,
        "user_id": 7,
        "service": "example",
        "status": "Queued",
        "loc": "",
        "dest_id": 0,
        "message": "Job successfully uploaded",
    }


WORDS = [
    ({"user_id": "1"}, "Missing service", "Missing service field"),
    ({"service": "example"}, "Missing user_id", "Missing user_id field"),
    (
        {"service": "example", "user_id": "ann"},
        "Invalid user_id",
        "Invalid user_id, should be a number",
    ),
    (
        {"service": "example", "user_id": "9" * 30},
        "Invalid user_id",
        "Invalid user_id, should be a number",
    ),
    ({"service": "nope", "user_id": "1"}, "Invalid service", "Invalid service"),
]


@pytest.mark.parametrize(("form", "v1", "v2"), WORDS)
def test_a_bad_upload_is_refused_in_the_generations_words(
    either: RunningServer, form: dict[str, str], v1: str, v2: str
) -> None:
    before = either.payloads

    answer = either.http.post("/upload", data=form, files=SCRIPT)

    said = answer.text if is_v1(either) else answer.json()["message"]
    assert (answer.status_code, said) == (400, v1 if is_v1(either) else v2)
    assert (either.staged, either.payloads) == ([], before)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--XX\r\n", "multipart/form-data; boundary=XX"),
        (b"--XX\r\n", "multipart/form-data"),
        (b"a=b", "application/x-www-form-urlencoded"),
    ],
)
def test_a_broken_upload_is_refused(either: RunningServer, body: bytes, content_type: str) -> None:
    answer = either.http.post("/upload", content=body, headers={"content-type": content_type})

    said = answer.text if is_v1(either) else answer.json()["message"]
    assert (answer.status_code, said.partition(":")[0]) == (400, "Multipart error")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "RUN.SH"])
def test_names_are_refused_as_on_the_native_route(either: RunningServer, name: str) -> None:
    answer = either.http.post(
        "/upload",
        data={"user_id": 1, "service": "example"},
        files=[("file", ("run.sh", b"exit 0\n")), ("file", (name, b""))],
    )

    assert answer.status_code == 400


def test_a_waiting_job_is_not_ready(either: RunningServer) -> None:
    job_id = upload(either).json()["id"]

    answers = [either.http.request(method, f"/download/{job_id}") for method in ("GET", "HEAD")]

    expected = 202 if is_v1(either) else 200
    assert [answer.status_code for answer in answers] == [expected, expected]
    assert answers[0].json() == {"id": job_id, "status": "Queued", "message": ""}
    assert answers[0].headers["content-type"] == "application/json"


def test_a_completed_jobs_zip_comes(either: RunningServer, worker: HandAgent) -> None:
    job_id = upload(either, user_id=100).json()["id"]
    lease = worker.take(job_id)
    worker.finish(lease, files={"out.txt": "result"})

    answer = either.http.get(f"/download/{job_id}")
    head = either.http.head(f"/download/{job_id}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["out.txt"]
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))


def test_a_failed_job_has_nothing_to_download(either: RunningServer, worker: HandAgent) -> None:
    job_id = upload(either, user_id=101).json()["id"]
    lease = worker.take(job_id)
    worker.finish(lease, outcome="failed")

    answer = either.http.get(f"/download/{job_id}")

    assert answer.headers["x-job-status"] == "Failed"
    said = {"id": job_id, "status": "Failed", "message": "exit status 1"}
    expected = (204, "") if is_v1(either) else (200, json.dumps(said, separators=(",", ":")))
    assert (answer.status_code, answer.text) == expected


def test_a_job_without_script_is_invalid(either: RunningServer) -> None:
    answer = either.http.post(
        "/upload", data={"user_id": 1, "service": "example"}, files={"file": ("data.txt", b"")}
    )

    assert answer.json()["status"] == "Invalid"
    status = either.http.get(f"/download/{answer.json()['id']}").headers["x-job-status"]
    assert status == "Invalid"


@pytest.mark.parametrize(
    "path", ["/download/{}", "/download_partial/{}", "POST /terminate/{}"], ids=str
)
@pytest.mark.parametrize(
    ("job_id", "status"),
    [("987654321", 404), ("0", 404), (str(2**31 - 1), 404), (str(2**32), 400), ("--1", 400)],
)
def test_an_unknown_id_is_refused(
    either: RunningServer, path: str, job_id: str, status: int
) -> None:
    method, _, route = path.rpartition(" ")

    answer = either.http.request(method or "GET", route.format(job_id))

    assert answer.status_code == status
    said = {"id": 0, "status": "Unknown", "message": f"Job {job_id} not found in the database"}
    assert (status == 404) <= (answer.status_code == 404 and answer.json() == said)


@pytest.mark.parametrize("job_id", ["x", "1.5", "1e3", "%20", "0x10", "\u0661"])
def test_an_id_that_is_none_is_refused(either: RunningServer, job_id: str) -> None:
    answer = either.http.get(f"/download/{job_id}")

    assert answer.status_code == 400
    assert "Invalid URL: Cannot parse" in answer.text


def test_a_job_can_be_terminated_once(either: RunningServer) -> None:
    job_id = upload(either, user_id=102).json()["id"]

    first = either.http.post(f"/terminate/{job_id}")
    second = either.http.post(f"/terminate/{job_id}")

    assert (first.status_code, first.json()) == (
        200,
        {"id": job_id, "status": "Killed", "message": "job terminated"},
    )
    assert (second.status_code, second.json()) == (
        500,
        {"id": job_id, "status": "Killed", "message": "could not terminate job"},
    )


def test_a_partial_of_a_waiting_job_is_not_there(either: RunningServer) -> None:
    job_id = upload(either, user_id=103).json()["id"]

    assert either.http.get(f"/download_partial/{job_id}").status_code == 404


def test_the_server_says_that_it_is_there(either: RunningServer) -> None:
    assert either.http.get("/").json() == {"message": "pong"}
    assert either.http.get("/health").json() == {"status": "ok", "database": "ok"}
    assert [either.http.head(path).status_code for path in ("/", "/health")] == [200, 200]
