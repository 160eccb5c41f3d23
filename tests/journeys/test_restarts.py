import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.hand_agent import HandAgent
from tests.support.site import Running, Site, a_site
from tests.support.waiting import wait_until

LARGE = "head -c 40000000 /dev/urandom > big"
LARGE_BYTES = 40_000_000


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """What a job can wait at until the test opens it."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


def at(gate: Path) -> str:
    """A script that waits at a gate and keeps what it is told there."""
    return f"echo $$ > {gate.parent}/pid; read line < {gate}; echo $line > out.txt"


def start_at(gate: Path, site: Site) -> int:
    (job_id,) = site.submit(at(gate))
    site.wait(job_id, until="running")
    return job_id


def outcome(site: Site, job_id: int) -> tuple[str, int, str]:
    job = site.wait(job_id)
    out = site.get(f"/api/v1/jobs/{job_id}/files/result/out.txt").text
    return job["state"], job["attempt"], out


def state_of(site: Site, agent: str) -> str:
    return str(site.get(f"/api/v1/agents/{agent}").json()["state"])


def wait_for_state(site: Site, agent: str, state: str) -> None:
    wait_until(lambda: state_of(site, agent) == state, timeout=20)


def wait_until_it_says(running: Running, words: str) -> None:
    wait_until(lambda: words in running.said, timeout=20, describe=lambda: running.said)


def test_an_agent_says_what_it_has_and_goes_on(site: Site, gate: Path) -> None:
    agent = site.agent()
    job_id = start_at(gate, site)

    agent.process.send_signal(signal.SIGUSR1)

    wait_until_it_says(agent, f"1 attempt here\n  {job_id}-1 running\n")
    gate.write_text("open\n")
    assert outcome(site, job_id) == ("completed", 1, "open\n")


def test_ending_an_agent_in_good_order_does_not_disturb_its_job(site: Site, gate: Path) -> None:
    agent = site.agent()
    job_id = start_at(gate, site)
    first_pid = wait_until((gate.parent / "pid").read_text)
    assert agent.end() == 0
    assert "1 job left for the next agent in this directory" in agent.said
    site.agent()
    gate.write_text("opened\n")
    assert outcome(site, job_id) == ("completed", 1, "opened\n")
    assert (gate.parent / "pid").read_text() == first_pid


def test_an_agent_that_drains_ends_after_its_jobs(site: Site, gate: Path) -> None:
    agent = site.agent("compute-1", "--drain")
    job_id = start_at(gate, site)
    agent.process.send_signal(signal.SIGTERM)
    wait_until_it_says(agent, "waits for 1 job\n")
    wait_for_state(site, "compute-1", "draining")
    assert "draining" in site.joborch("agents").stdout
    (later,) = site.submit("true")
    gate.write_text("opened\n")
    assert agent.process.wait(timeout=30) == 0
    assert outcome(site, job_id) == ("completed", 1, "opened\n")
    assert site.job(later)["state"] == "queued"
    site.agent()
    assert site.wait(later)["state"] == "completed"


def test_an_agent_that_drains_leaves_at_once_when_told_so_again(site: Site, gate: Path) -> None:
    agent = site.agent("compute-1", "--drain")
    job_id = start_at(gate, site)
    agent.process.send_signal(signal.SIGTERM)
    wait_until_it_says(agent, "waits for 1 job\n")
    assert agent.end() == 0
    site.agent()
    gate.write_text("opened\n")
    assert outcome(site, job_id) == ("completed", 1, "opened\n")


def test_draining_an_agent_from_afar_can_wait_for_its_jobs(site: Site, gate: Path) -> None:
    agent = site.agent()
    job_id = start_at(gate, site)
    command = ("agents", "drain", "compute-1", "--wait")
    draining = site.run("drain", "--server", site.url, *command)
    wait_until_it_says(draining, "waits for 1 job\n")
    gate.write_text("opened\n")
    assert draining.process.wait(timeout=30) == 0
    assert site.job(job_id)["state"] == "completed"
    assert (agent.process.poll(), state_of(site, "compute-1")) == (None, "draining")


def test_killing_the_server_loses_nothing(site: Site, tmp_path: Path) -> None:
    site.agent()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (running,) = site.submit(f"read line < {gate}; echo $line > out.txt")
    site.wait(running, until="running")
    waiting = site.submit("echo later", array="1-9")
    site.started[0].end(signal.SIGKILL)
    gate.write_text("opened\n")
    site.serve("--service", "example")
    assert [site.wait(job)["state"] for job in (running, *waiting)] == ["completed"] * 10
    assert [event["event"] for event in site.events(running)].count("assign") == 1


def test_a_second_server_on_the_same_data_is_refused(site: Site) -> None:
    refused = site.joborch("serve", "--port", "0", "--data", str(site.home / "data"))
    assert refused.returncode == 6
    assert str(site.started[0].process.pid) in refused.stderr


def test_a_server_stops_quickly_although_agents_and_readers_wait(site: Site) -> None:
    site.agent()
    (job_id,) = site.submit("sleep 600")
    site.wait(job_id, until="running")
    reader = site.run("reader", "--server", site.url, "logs", "-f", str(job_id))
    assert site.started[0].end() == 0
    reader.end()


def test_a_server_that_stops_answers_held_polls_with_nothing_or_with_later(site: Site) -> None:
    with httpx.Client(base_url=site.url, trust_env=False, timeout=60) as http:
        idle = HandAgent(http)
        with ThreadPoolExecutor(1) as pool:
            polling = pool.submit(idle.call, "POST", "/poll", json={"incarnation": 1})
            wait_for_state(site, "tester", "up")
            assert site.started[0].end() == 0
            answer = polling.result(timeout=20)
    later = answer.headers.get("retry-after")
    assert (answer.status_code, later) == (503, "5") or not any(answer.json().values())


def test_a_server_that_stops_finishes_a_slow_download(site: Site) -> None:
    site.agent()
    (job_id,) = site.submit(LARGE)
    site.wait(job_id)
    server = site.started[0].process
    with reading(site, f"/api/v1/jobs/{job_id}/files/result/big") as stream:
        head = stream.recv(1000)
        server.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(site), timeout=20)
        assert server.poll() is None, "it waits for who reads"
        size = len(head) + sum(map(len, iter(lambda: stream.recv(1 << 20), b"")))
    assert size - head.index(b"\r\n\r\n") - 4 == LARGE_BYTES
    assert server.wait(timeout=20) == 0


def test_a_server_that_stops_finishes_a_slow_upload(site: Site) -> None:
    server = site.started[0].process

    def slowly() -> Iterator[bytes]:
        yield FORM
        server.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(site), timeout=20)
        yield FORM_END

    headers = {"content-type": "multipart/form-data; boundary=limit"}
    answer = site.post("/api/v1/jobs", content=slowly(), headers=headers)
    job_id = answer.json()["jobs"][0]["id"]
    assert (answer.status_code, server.wait(timeout=40)) == (201, 0)
    site.serve("--service", "example")
    assert site.job(job_id)["state"] == "queued"


FORM = b"".join(
    b'--limit\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % field
    for field in ((b"user_id", b"ann"), (b"service", b"example"))
)
FORM_END = (
    b'--limit\r\nContent-Disposition: form-data; name="file"; filename="run.sh"\r\n\r\ntrue'
    b"\r\n--limit--\r\n"
)


@contextmanager
def reading(site: Site, path: str) -> Iterator[socket.socket]:
    """Ask for something, as a client that takes its time: what it does not read has to wait."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        connection.connect(("127.0.0.1", site.port))
        request = f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        yield connection


def is_refused(site: Site) -> bool:
    """Whether the server takes no new connections any more."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", site.port)) != 0


def test_the_agent_of_a_killed_server_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example", "--agent").end(signal.SIGKILL)
        second = site.serve("--service", "example", "--agent")
        (job_id,) = site.submit("echo hello > out.txt")
        assert site.wait(job_id)["state"] == "completed"
        assert "embedded agent ended" not in second.said.split("enrolled")[-1]
