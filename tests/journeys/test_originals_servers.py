"""Jobs that servers of the original, of either generation, have handed to a joborch agent."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.test_defects_of_the_original import is_gone
from tests.support.original import unpacked
from tests.support.originals.forms import form_of
from tests.support.site import Running, Site, a_site
from tests.support.stand_ins import StandIn, a_stand_in, free_port
from tests.support.waiting import wait_until

BOTH = pytest.mark.parametrize("generation", ["v1", "v2"])
JOBS, SLOTS = 50, 8
NAMES = ["my file.pdb", "50%.txt", "a#b?.txt", "Übergrößenträger.txt", "ä" * 127 + "x", "a&b=c"]
DEEP = ["a folder/of mine/x y.txt", "50%/#/ü.txt"]


@dataclass(slots=True)
class Yard:
    """An agent that listens, and servers of the original that call it."""

    site: Site
    port: int
    servers: dict[str, StandIn]
    marks: Path
    agent: Running

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def restart(self) -> None:
        """End the agent as a power cut would, and start it again."""
        self.agent.end(signal.SIGKILL)
        self.agent = listening(self.site, self.port)

    def at_listener(self, path: str) -> httpx.Response:
        return HTTP.get(f"{self.url}{path}")

    def upload(self, generation: str, script: str, files: dict[str, bytes] | None = None) -> int:
        answer = HTTP.post(
            f"{self.servers[generation].url}/upload",
            data={"user_id": "1", "service": "example"},
            files=[("file", one) for one in {"run.sh": script.encode(), **(files or {})}.items()],
        )
        return int(answer.json()["id"])

    def known(self, generation: str) -> dict[int, dict[str, Any]]:
        """What a server knows of its jobs, by their ids."""
        jobs = HTTP.get(f"{self.servers[generation].url}/jobs").json()
        return {job["id"]: job for job in jobs}

    def waits(self, generation: str, job_id: int, *until: str) -> dict[str, Any]:
        """Wait for one of these words and return the job."""

        def found() -> dict[str, Any] | None:
            job = self.known(generation)[job_id]
            return job if job["status"] in until else None

        return wait_until(found, timeout=40, describe=lambda: self.known(generation)[job_id])

    def result(self, generation: str, job_id: int) -> dict[str, bytes]:
        self.waits(generation, job_id, "Completed")
        return unpacked(HTTP.get(f"{self.servers[generation].url}/download/{job_id}").content)


HTTP = httpx.Client(timeout=40, limits=httpx.Limits(max_keepalive_connections=0))


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    home = tmp_path_factory.mktemp("yard")
    (home / "marks").mkdir()
    port = free_port()
    env = {
        f"SERVICE_EXAMPLE_{what}_URL": f"http://127.0.0.1:{port}/{path}"
        for what, path in (("UPLOAD", "submit"), ("DOWNLOAD", "retrieve"), ("TERMINATE", "kill"))
    } | {"RUNS_PER_USER": str(JOBS)}
    with ExitStack() as stack:
        site = stack.enter_context(a_site(home))
        agent = listening(site, port)
        servers = {
            name: stack.enter_context(a_stand_in("server", name, home / name, env))
            for name in ("v1", "v2")
        }
        yield Yard(site, port, servers, home / "marks", agent)


def listening(site: Site, port: int) -> Running:
    options = ("--listen-slots", str(SLOTS), "--work-dir", str(site.home / "agent"))
    running = site.run("agent", "agent", "--listen", f"127.0.0.1:{port}", *options)
    wait_until(partial(is_open, port), timeout=30, describe=lambda: running.said)
    return running


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@BOTH
@pytest.mark.timeout(150)
def test_fifty_jobs_run_once_each_although_the_agent_is_killed_among_them(
    yard: Yard, generation: str
) -> None:
    marks = yard.marks / generation
    script = f"echo b $EPOCHREALTIME >> {marks}.%d; sleep 0.2; echo %d; echo e $EPOCHREALTIME"
    script += f" >> {marks}.%d; echo %d > out.txt"
    jobs = [yard.upload(generation, script.replace("%d", str(one))) for one in range(JOBS)]
    wait_until(lambda: all(job["dest_id"] for job in yard.known(generation).values()), timeout=40)
    with a_stalled_upload(yard.port):
        yard.restart()
        after = yard.upload(generation, "true")
        dest_ids = [yard.known(generation)[job_id]["dest_id"] for job_id in jobs]
        came = [result_of(yard, dest_id) for dest_id in dest_ids]
    assert [files["out.txt"] for files in came] == [b"%d\n" % one for one in range(JOBS)]
    notes = [Path(f"{marks}.{one}").read_text().split() for one in range(JOBS)]
    assert [note[::2] for note in notes] == [["b", "e"]] * JOBS, "each began once, and ended"
    assert most_at_a_time(notes) <= SLOTS
    assert all(yard.waits(generation, one, *ENDS[generation]) for one in jobs)
    assert yard.waits(generation, after, "Completed")["dest_id"] > max(dest_ids)


ENDS = {"v1": ("Completed", "Unknown"), "v2": ("Completed",)}
"""The first generation never asks again after a job that it could not be told about."""


@contextmanager
def a_stalled_upload(port: int) -> Iterator[None]:
    """Have a server of the original hang in the middle of handing over a job."""
    with socket.socket() as connection:
        yield_to = ("127.0.0.1", port)
        wait_until(lambda: connection.connect_ex(yield_to) == 0)
        connection.sendall(b"POST /submit HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n")
        connection.sendall(b"content-type: multipart/form-data; boundary=B\r\n\r\n--B\r\n")
        yield


def result_of(yard: Yard, dest_id: int) -> dict[str, bytes]:
    def found() -> httpx.Response | None:
        answer = yard.at_listener(f"/retrieve/{dest_id}")
        return answer if answer.status_code != 202 else None

    answer = wait_until(found, timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    return unpacked(answer.content)


def most_at_a_time(notes: list[list[str]]) -> int:
    steps = sorted(
        [(float(note[1]), 1) for note in notes] + [(float(note[3]), -1) for note in notes]
    )
    running = [sum(step for _, step in steps[: count + 1]) for count in range(len(steps))]
    return max(running)


@BOTH
def test_names_survive_both_ways(yard: Yard, generation: str) -> None:
    sent = {name: f"data of {name}".encode() for name in NAMES}
    script = 'mkdir -p "back/a b/ü"; for f in *; do cp -- "$f" "back/a b/ü/"; done 2>/dev/null'
    job_id = yard.upload(generation, f"{script}; true", sent)
    came = yard.result(generation, job_id)
    assert {name: came.get(f"back/a b/ü/{name}") for name in NAMES} == sent


def test_sub_folders_that_a_server_sends_arrive_as_such(yard: Yard, tmp_path: Path) -> None:
    sent = {name: f"data of {name}".encode() for name in DEEP}
    for name, data in {"run.sh": b"find . -type f > list.txt", **sent}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    kind, size, pieces = form_of(tmp_path)
    headers = {"content-type": kind, "content-length": str(size)}
    payload = HTTP.post(f"{yard.url}/submit", content=pieces, headers=headers).json()
    assert [*payload] == ["id", "input", "status", "loc", "pid", "killed"]
    came = result_of(yard, payload["id"])
    assert {name: came.get(name) for name in DEEP} == sent


def test_a_job_that_fails_can_be_looked_into_by_the_second_generation(yard: Yard) -> None:
    job_id = yard.upload("v2", "echo half > part.txt; echo said; exit 3")
    dest_id = yard.waits("v2", job_id, "Failed")["dest_id"]
    partial_url = f"{yard.servers['v2'].url}/download_partial/{job_id}"
    assert unpacked(HTTP.get(partial_url).content)["part.txt"] == b"half\n"
    assert yard.at_listener(f"/retrieve/{dest_id}").status_code == 203


def test_a_job_that_fails_is_unknown_to_the_first_generation(yard: Yard) -> None:
    job_id = yard.upload("v1", "exit 3")
    dest_id = yard.waits("v1", job_id, "Unknown")["dest_id"]
    assert yard.at_listener(f"/retrieve/{dest_id}").json()["status"] == "Failed"


def test_every_question_can_be_asked_for_its_headers_alone(yard: Yard) -> None:
    job_id = yard.upload("v2", "echo done > out.txt")
    dest_id = yard.waits("v2", job_id, "Completed")["dest_id"]
    for path in ("/", "/health", "/load", f"/retrieve/{dest_id}", f"/retrieve_partial/{dest_id}"):
        asked = yard.at_listener(path)
        headers_only = HTTP.head(f"{yard.url}{path}")
        assert (headers_only.status_code, headers_only.content) == (asked.status_code, b"")
        assert headers_only.headers["content-type"] == asked.headers["content-type"]


def test_terminating_ends_all_that_a_job_started(yard: Yard) -> None:
    pid_file = yard.marks / "pid"
    job_id = yard.upload("v2", f"sleep 600 & echo $! > {pid_file}; wait")
    wait_until(lambda: pid_file.exists() and pid_file.read_text(), timeout=30)
    answer = HTTP.post(f"{yard.servers['v2'].url}/terminate/{job_id}")
    assert answer.json()["message"] == "job terminated"
    wait_until(lambda: is_gone(int(pid_file.read_text())), timeout=20)


def test_a_job_can_be_seen_in_the_making(yard: Yard, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    job_id = yard.upload("v2", f"echo half > part.txt; read x < {gate}", {"in.txt": b"in"})
    assert yard.waits("v2", job_id, "Running")["dest_id"]
    partial_url = f"{yard.servers['v2'].url}/download_partial/{job_id}"
    seen = wait_until(lambda: "part.txt" in unpacked(HTTP.get(partial_url).content), timeout=20)
    gate.write_text("go\n")
    assert seen
    assert yard.result("v2", job_id)["part.txt"] == b"half\n"


def test_an_agent_listens_beside_pulling_from_a_server_of_its_own(tmp_path: Path) -> None:
    port = free_port()
    env = {"SERVICE_EXAMPLE_UPLOAD_URL": f"http://127.0.0.1:{port}/submit"}
    env |= {"SERVICE_EXAMPLE_DOWNLOAD_URL": f"http://127.0.0.1:{port}/retrieve"}
    with (
        a_site(tmp_path) as site,
        a_stand_in("server", "v1", tmp_path / "v1", env) as original,
    ):
        site.serve()
        agent = site.agent("compute-1", "--listen", f"127.0.0.1:{port}", service="work:1")
        pulled = site.submit("echo pulled > out.txt", service="work")[0]
        pushed = Yard(site, port, {"v1": original}, tmp_path, agent)
        job_id = pushed.upload("v1", "echo pushed > out.txt")

        assert site.wait(pulled)["state"] == "completed"
        assert site.get(f"/api/v1/jobs/{pulled}/files/result/out.txt").text == "pulled\n"
        assert pushed.result("v1", job_id)["out.txt"] == b"pushed\n"
