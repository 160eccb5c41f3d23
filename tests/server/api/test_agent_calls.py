import hashlib
import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from joborch.wire.events import LogChunk
from tests.support.hand_agent import HandAgent, a_zip, submit
from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_until

MSGPACK = {"content-type": "application/x-msgpack"}


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Runs requests while the test goes on."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/poll"),
        ("POST", "/started"),
        ("POST", "/reports"),
        ("POST", "/logs"),
        ("GET", "/payloads/p/run.sh"),
        ("GET", "/results/1/1"),
        ("PUT", "/results/1/1"),
        ("PUT", "/snapshots/s"),
        ("DELETE", "/snapshots/s"),
    ],
)
def test_every_call_needs_the_agents_own_key(
    server: RunningServer, agent: HandAgent, method: str, path: str
) -> None:
    other = HandAgent(server.http, name="other", slots=1)
    url = f"/api/v1/agents/{agent.id}{path}"
    keys: list[dict[str, str]] = [{}, {"authorization": "Bearer x"}, other.headers]

    answers = [server.http.request(method, url, headers=key) for key in keys]
    unknown = server.http.request(method, f"/api/v1/agents/a-0{path}", headers=agent.headers)

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(401, "not_allowed")] * 3
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert (unknown.status_code, unknown.json()["code"]) == (404, "agent_not_found")


def test_a_stranger_is_refused_before_the_body_is_read(
    server: RunningServer, agent: HandAgent
) -> None:
    url = f"/api/v1/agents/{agent.id}/reports"

    answer = server.http.post(url, content=bytes(10_000_000))

    assert (answer.status_code, answer.headers["connection"]) == (401, "close")


@pytest.mark.parametrize(
    "enrolment",
    [
        {},
        {"name": "x"},
        {"name": "", "host": "h", "version": "0", "services": {}, "capacity": {"slots": 0}},
    ],
)
def test_a_bad_introduction_is_refused(server: RunningServer, enrolment: dict[str, Any]) -> None:
    answer = server.http.post("/api/v1/agents/enrol", json=enrolment)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_a_poll_may_be_json_or_messagepack(server: RunningServer) -> None:
    agent = HandAgent(server.http, name="packed", slots=1, service="nothing-to-do")
    body = msgspec.msgpack.encode({"incarnation": 3})

    answer = agent.call(
        "POST", "/poll", content=body, headers={**MSGPACK, "accept": "application/x-msgpack"}
    )
    older = agent.call("POST", "/poll", json={"incarnation": 2})

    assert msgspec.msgpack.decode(answer.content)["leases"] == []
    assert (older.status_code, older.json()["code"]) == (409, "superseded")


def test_no_work_goes_to_an_agent_that_hung_up(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", poll_s="60s") as server:
        agent = HandAgent(server.http)
        with pytest.raises(httpx.ReadTimeout):
            agent.call("POST", "/poll", json={"incarnation": 1}, timeout=0.3)
        wait_until(lambda: agent_state(server)["active"] == 0)

        job_id = submit(server.http)
        waited = server.http.get(
            f"/api/v1/jobs/{job_id}", params={"until": "assigned", "wait_s": 0.3}
        )

        assert waited.json()["state"] == "queued"
        assert [lease.job_id for lease in agent.poll().leases] == [job_id]


def test_a_poll_is_held_no_longer_than_its_agent_waits(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", poll_s="60s") as server:
        said = {"incarnation": 1, "hold_s": 0.1}
        answer = HandAgent(server.http).call("POST", "/poll", json=said, timeout=10)
    assert answer.status_code == 200


def agent_state(server: RunningServer) -> Any:
    return server.http.get("/api/v1/agents/tester").json()


def test_a_large_file_of_a_payload_is_fetched(server: RunningServer, agent: HandAgent) -> None:
    data = b"0123456789" * 100_000
    form = {"service": "example", "user_id": "large"}
    files = [("f", ("run.sh", b"exit 0\n")), ("f", ("in/big", data))]
    job_id = server.http.post("/api/v1/jobs", data=form, files=files).json()["jobs"][0]["id"]
    lease = agent.take(job_id)
    path = f"/payloads/{lease.payload_id}/in/big"

    whole = agent.call("GET", path)
    rest = agent.call("GET", path, headers={"range": "bytes=999990-"})
    none = agent.call("GET", f"/payloads/{lease.payload_id}/other")
    other = HandAgent(server.http, name="curious", slots=1).call("GET", path)

    assert {file.name: file.data is None for file in lease.files}["in/big"]
    assert (whole.content, rest.status_code, rest.content) == (data, 206, b"0123456789")
    assert (none.status_code, other.status_code) == (404, 401)


def test_results_come_in_parts_that_can_be_continued(
    server: RunningServer, agent: HandAgent
) -> None:
    job_id = submit(server.http, user_id="results")
    lease = agent.take(job_id)
    data = a_zip({"out.txt": "x" * 100_000})
    path = f"/results/{job_id}/{lease.attempt}"
    token = {"lease-token": lease.token}

    first = agent.call("PUT", path, content=data[:1000], headers=token)
    again = agent.call("PUT", path, content=data[:1000], headers=token)
    state = agent.call("GET", path)
    wrong = agent.call("PUT", f"{path}?offset=1000", content=b"", headers={"lease-token": "x"})
    agent.call("PUT", f"{path}?offset=1000", content=data[1000:], headers=token)
    results = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    report = {"job_id": job_id, "attempt": lease.attempt, "token": lease.token}
    reported = agent.call(
        "POST",
        "/reports",
        json=[report | {"outcome": "completed", "exit_code": 0, "results": results}],
    )

    assert (first.json(), state.json()) == ({"offset": 1000}, {"offset": 1000})
    assert (again.status_code, again.json()["details"]) == (409, {"offset": 1000})
    assert wrong.status_code == 401
    assert reported.json()[0]["disposition"] == "recorded"
    assert server.http.get(f"/api/v1/jobs/{job_id}/results").content == data


def test_a_start_is_noted(server: RunningServer, agent: HandAgent) -> None:
    job_id = submit(server.http, user_id="start")
    lease = agent.take(job_id)
    notice = {"job_id": job_id, "attempt": lease.attempt, "token": lease.token, "ago_s": 0}

    accepts = ("application/json", "application/x-msgpack")
    answers = [
        agent.call("POST", "/started", json=[notice], headers={"accept": kind}) for kind in accepts
    ]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert server.http.get(f"/api/v1/jobs/{job_id}").json()["state"] == "running"


@pytest.fixture
def running(server: RunningServer, agent: HandAgent) -> int:
    job_id = submit(server.http, user_id="running")
    lease = agent.take(job_id)
    notice = {"job_id": job_id, "attempt": lease.attempt, "token": lease.token, "ago_s": 0}
    agent.call("POST", "/started", json=[notice]).raise_for_status()
    return job_id


def test_a_running_jobs_directory_is_asked_of_its_agent(
    server: RunningServer, agent: HandAgent, running: int, aside: ThreadPoolExecutor
) -> None:
    wanted = aside.submit(httpx.get, f"{server.url}/download_partial/{running}", timeout=20)
    order = wait_until(lambda: agent.poll().snapshots)[0]

    sent = agent.call("PUT", f"/snapshots/{order.request_id}", content=a_zip({"now.txt": "x"}))
    again = agent.call("PUT", f"/snapshots/{order.request_id}", content=b"")

    answer = wanted.result()
    assert (sent.status_code, again.json()["code"]) == (204, "snapshot_not_found")
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["now.txt"]
    assert server.staged == []


def test_an_agent_may_have_no_such_directory(
    server: RunningServer, agent: HandAgent, running: int, aside: ThreadPoolExecutor
) -> None:
    url = f"{server.url}/api/v1/jobs/{running}/partial"
    wanted = aside.submit(httpx.get, url, timeout=20)
    order = wait_until(lambda: agent.poll().snapshots)[0]

    refused = agent.call("DELETE", f"/snapshots/{order.request_id}")

    assert (refused.status_code, wanted.result().status_code) == (204, 409)


def test_a_running_jobs_log_is_asked_of_its_agent(
    server: RunningServer, agent: HandAgent, running: int, aside: ThreadPoolExecutor
) -> None:
    url = f"{server.url}/api/v1/jobs/{running}/logs"
    wanted = aside.submit(httpx.get, url, params={"tail": 1}, timeout=20)
    wait_until(lambda: running in agent.poll().follow)

    followed = send_log(agent, running, b"one\ntwo\n", b"")

    answer = wanted.result()
    assert (answer.status_code, answer.text) == (200, "two\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert followed in ([], [running])


def test_a_log_can_be_followed_to_its_end(
    server: RunningServer, agent: HandAgent, running: int
) -> None:
    url = f"/api/v1/jobs/{running}/logs/stream"
    with server.http.stream("GET", url) as stream:
        lines = stream.iter_lines()
        wait_until(lambda: running in agent.poll().follow)
        send_log(agent, running, "h\u00e9".encode()[:2])
        send_log(agent, running, "h\u00e9".encode()[2:], offset=2)
        log = next(line for line in lines if line.startswith("data:"))
        agent.finish(agent.take(running), files={".joborch/stdout.log": "h\u00e9"})
        rest = [line for line in lines if line.startswith("event:")]

    assert stream.headers["cache-control"] == "no-cache"
    assert log == 'data: {"stream":"stdout","offset":0,"text":"h"}'
    assert rest[-1] == "event: end"


def test_a_finished_jobs_log_is_read_from_its_results(
    server: RunningServer, agent: HandAgent
) -> None:
    job_id = submit(server.http, user_id="log")
    agent.finish(agent.take(job_id), files={".joborch/stdout.log": "one\ntwo\nthree\n"})
    url = f"/api/v1/jobs/{job_id}/logs"

    texts = [
        server.http.get(url, params=params).text
        for params in ({}, {"offset": 4}, {"tail": 2}, {"tail": 0}, {"offset": 999})
    ]
    other = server.http.get(url, params={"stream": "stderr"})
    wrong = server.http.get(url, params={"stream": "stdin"})

    assert texts == ["one\ntwo\nthree\n", "two\nthree\n", "two\nthree\n", "", ""]
    assert (other.status_code, wrong.status_code) == (404, 400)


def send_log(agent: HandAgent, job_id: int, *pieces: bytes, offset: int = 0) -> Any:
    chunks = [
        LogChunk(job_id=job_id, attempt=1, stream="stdout", offset=offset, data=data)
        for data in pieces
    ]
    body = msgspec.msgpack.encode(chunks)
    return agent.call("POST", "/logs", content=body, headers=MSGPACK).raise_for_status().json()
