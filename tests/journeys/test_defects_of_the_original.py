"""What went wrong in the program that this one replaces, told through that program's routes.

All stories but one share a server, and an agent that offers ``work``; who kills an agent or plays
one does so in a service of its own. `test_list_of_defects` says which defects there were, and which
tests stand for each.
"""

import hashlib
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx
import pytest

from joborch.agent.runner import phases, processes
from tests.support.hand_agent import HandAgent, a_zip
from tests.support.original import OriginalUser, unpacked
from tests.support.site import Site, a_site
from tests.support.waiting import wait_until

SERVICES = ("work", "example", "outage", "stuck", "wiped", "nobody")
NUMBERS = count(1)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server, and the agent that everybody uses."""
    with a_site(tmp_path_factory.mktemp("lab")) as site:
        site.serve(*(flag for name in SERVICES for flag in ("--service", name)))
        site.agent("common", service="work:4")
        yield site


@pytest.fixture
def ann(lab: Site) -> OriginalUser:
    """Somebody who has no jobs yet."""
    return OriginalUser(lab, next(NUMBERS))


@pytest.fixture
def bob(lab: Site) -> OriginalUser:
    return OriginalUser(lab, next(NUMBERS))


@pytest.fixture
def played(lab: Site) -> Iterator[HandAgent]:
    """An agent for the service ``example`` that does nothing by itself."""
    with httpx.Client(base_url=lab.url, timeout=60) as http:
        yield HandAgent(http)


def pids_in(path: Path, number: int = 1) -> list[int]:
    """Wait until a job has written so many pids, and read them."""

    def written() -> list[str] | None:
        lines = path.read_text().splitlines() if path.exists() else []
        return lines if len(lines) == number else None

    return [int(line) for line in wait_until(written)]


def is_gone(pid: int) -> bool:
    process = processes.look(pid)
    return process is None or not process.is_alive


def supervisor_of(site: Site, agent: str, job_id: int) -> int:
    phase = phases.inspect(site.home / agent / "attempts" / f"{job_id}-1")
    assert isinstance(phase, phases.Running)
    return phase.shim_pid


def slots_of(site: Site, user: OriginalUser) -> int:
    used = site.get("/api/v1/usage", params={"user": str(user.number)}).json()["items"]
    return sum(int(row["active"]) for row in used)


def test_while_its_agent_is_away_the_queue_waits_and_goes_on_after(
    lab: Site, ann: OriginalUser, tmp_path: Path
) -> None:
    agent = lab.agent("outage", service="outage:2")
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    first = ann.uploads(f"read line < {gate}; echo $line > out", service="outage")
    lab.wait(first, until="running")
    agent.end(signal.SIGKILL)
    second = ann.uploads("echo second > out", service="outage")
    assert (ann.word(first), ann.word(second)) == ("Running", "Queued")
    lab.agent("outage", service="outage:2")
    gate.write_text("first\n")
    assert [ann.results(job)["out"] for job in (first, second)] == [b"first\n", b"second\n"]


def test_a_killed_program_has_failed_and_its_slot_is_free(
    lab: Site, ann: OriginalUser, tmp_path: Path
) -> None:
    job = ann.uploads(f"echo $$ > {tmp_path}/pid; exec sleep 600")
    (pid,) = pids_in(tmp_path / "pid")
    os.kill(pid, signal.SIGKILL)
    assert ann.waits(job) == "Failed"
    assert lab.job(job)["signal"] == signal.SIGKILL
    assert slots_of(lab, ann) == 0


def test_a_job_whose_supervisor_was_killed_is_not_running_for_ever(
    lab: Site, ann: OriginalUser, tmp_path: Path
) -> None:
    job = ann.uploads(f"echo $$ > {tmp_path}/pid; sleep 600")
    (pid,) = pids_in(tmp_path / "pid")
    os.kill(supervisor_of(lab, "common", job), signal.SIGKILL)
    wait_until(lambda: ann.word(job) == "Queued", describe=lambda: lab.job(job))
    assert is_gone(pid)
    assert slots_of(lab, ann) == 0
    assert ann.terminates(job) == "job terminated"


@pytest.mark.parametrize("script", ["", "trap 'exit 0' TERM; "])
def test_what_was_ended_by_sigterm_is_never_completed(
    script: str, lab: Site, ann: OriginalUser, tmp_path: Path
) -> None:
    job = ann.uploads(f"{script} echo $$ > {tmp_path}/pid; sleep 600 & wait")
    pids_in(tmp_path / "pid")
    assert ann.terminates(job) == "job terminated"
    assert ann.waits(job) == "Killed"


def test_a_program_that_somebody_else_terminated_has_failed(
    ann: OriginalUser, tmp_path: Path
) -> None:
    job = ann.uploads(f"echo $$ > {tmp_path}/pid; exec sleep 600")
    (pid,) = pids_in(tmp_path / "pid")
    os.kill(pid, signal.SIGTERM)
    assert ann.waits(job) == "Failed"


def test_a_kill_reaches_the_program_and_all_that_it_has_started(
    ann: OriginalUser, tmp_path: Path
) -> None:
    child = f"sh -c 'echo $$ >> {tmp_path}/pids; exec sleep 600'"
    job = ann.uploads(f"{child} & setsid {child} & nohup setsid {child} & wait")
    pids = pids_in(tmp_path / "pids", 3)
    assert ann.terminates(job) == "job terminated"
    assert ann.waits(job) == "Killed"
    assert [pid for pid in pids if not is_gone(pid)] == []


def test_a_job_that_waits_can_be_cancelled_and_never_runs(lab: Site, ann: OriginalUser) -> None:
    job = ann.uploads("echo hello", service="nobody")
    assert ann.terminates(job) == "job terminated"
    assert ann.word(job) == "Killed"
    assert [event["event"] for event in lab.events(job)] == ["submit", "cancel"]


def test_a_finished_job_is_not_relabelled_and_keeps_its_results(ann: OriginalUser) -> None:
    job = ann.uploads("echo 42 > out")
    before = ann.results(job)
    assert ann.terminates(job) == "could not terminate job"
    assert ann.results(job) == before


def test_a_zip_of_which_half_has_come_is_not_served(ann: OriginalUser, played: HandAgent) -> None:
    job = ann.uploads("true", service="example")
    lease = played.take(job)
    archive = a_zip({"out.txt": "result"})
    half, token = archive[: len(archive) // 2], {"lease-token": lease.token}
    played.call("PUT", f"/results/{job}/1", content=half, headers=token).raise_for_status()
    announced = {"size_bytes": len(archive), "sha256": hashlib.sha256(archive).hexdigest()}
    names = {"job_id": job, "attempt": 1, "token": lease.token}
    report = names | {"outcome": "completed", "exit_code": 0, "results": announced}
    answer = played.call("POST", "/reports", json=[report]).json()
    assert answer[0]["disposition"] == "results_missing"
    assert ann.downloads(job).status_code == 202
    played.finish(lease)
    assert unpacked(ann.downloads(job).content) == {"out.txt": b"result"}


def test_a_zip_holds_what_the_job_left_and_not_itself(ann: OriginalUser) -> None:
    job = ann.uploads("cat in.txt > out.txt", files={"in.txt": "42"})
    logs = {f".joborch/{name}" for name in ("stdout.log", "stderr.log", "job.json")}
    assert ann.results(job).keys() == {"run.sh", "in.txt", "out.txt"} | logs


def test_what_a_user_calls_as_the_original_did_its_own_files_is_a_file(
    lab: Site, ann: OriginalUser
) -> None:
    own = {"output.zip": b"no zip", ".orchestrator.exit": b"0\n"}
    failed, completed = (ann.uploads(f"exit {status}", files=own) for status in (3, 0))
    assert ann.waits(failed) == "Failed"
    left = unpacked(lab.get(f"/api/v1/jobs/{failed}/results").content)
    assert left.items() >= own.items()
    assert ann.results(completed).items() >= own.items()


def test_files_of_the_same_name_in_two_folders_are_two_files(ann: OriginalUser) -> None:
    job = ann.uploads("cat a/x b/x > out", files={"a/x": "first ", "b/x": "second"})
    left = ann.results(job)
    assert (left["out"], left["a/x"], left["b/x"]) == (b"first second", b"first ", b"second")


def test_links_neither_bring_files_of_the_host_along_nor_hold_up_the_job(
    ann: OriginalUser, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("of the host")
    job = ann.uploads(
        f"ln -s {tmp_path}/secret file; ln -s {tmp_path} folder; ln -s . loop; ln -s nowhere lost"
    )
    left = ann.results(job)
    assert not {"file", "folder/secret", "loop", "lost"} & left.keys()
    assert b"of the host" not in b"".join(left.values())


def test_one_agent_that_hangs_stalls_nobody_elses_jobs(
    lab: Site, ann: OriginalUser, bob: OriginalUser
) -> None:
    agent = lab.agent("stuck", service="stuck:1")
    hanging = ann.uploads("sleep 600", service="stuck")
    lab.wait(hanging, until="running")
    agent.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor() as background:
        asked = background.submit(lab.get, f"/download_partial/{hanging}")
        assert bob.results(bob.uploads("echo on > out"))["out"] == b"on\n"
        assert not asked.done()
        agent.process.send_signal(signal.SIGCONT)
        assert "run.sh" in unpacked(asked.result().content)
    ann.terminates(hanging)
    assert ann.waits(hanging) == "Killed"


def test_an_agent_that_forgot_everything_hands_out_nobodys_old_results(
    lab: Site, ann: OriginalUser, bob: OriginalUser, tmp_path: Path
) -> None:
    agent = lab.agent("wiped", service="wiped:1")
    old = ann.uploads(f"echo ann > out; echo $$ > {tmp_path}/pid; sleep 600", service="wiped")
    pids_in(tmp_path / "pid")
    agent.end(signal.SIGKILL)
    os.kill(supervisor_of(lab, "wiped", old), signal.SIGKILL)
    shutil.rmtree(lab.home / "wiped")
    lab.agent("wiped", service="wiped:1")
    new = bob.uploads("echo bob > out", service="wiped")
    assert bob.results(new)["out"] == b"bob\n"
    assert ann.downloads(old).status_code == 202


def test_retention_counts_from_the_end_and_leaves_running_jobs_alone(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "work", "--max-age", "1s")
        site.agent(service="work:2")
        ann, gate = OriginalUser(site, 1), tmp_path / "gate"
        os.mkfifo(gate)
        old = "touch -d '1 year ago' . in.txt"
        running = ann.uploads(f"{old}; read line < {gate}; cat in.txt", files={"in.txt": "42"})
        site.wait(running, until="running")
        ended = ann.uploads("true")
        site.wait(ended)
        wait_until(lambda: ann.word(ended) == "Cleaned")
        assert site.get(f"/api/v1/jobs/{running}/files/input/in.txt").text == "42"
        gate.write_text("go on\n")
        assert site.wait(running)["exit_code"] == 0
