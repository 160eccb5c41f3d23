"""Jobs of joborch's users that clients of the original run, of either generation."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.journeys.test_defects_of_the_original import is_gone
from tests.journeys.test_quotas import active_over_time
from tests.support.original import unpacked
from tests.support.site import Site, a_site
from tests.support.stand_ins import StandIn, a_stand_in
from tests.support.waiting import wait_until

BOTH = pytest.mark.parametrize("generation", ["v1", "v2"])
PER_USER = 10
JOBS_OF_ONE = 25
NAMES = [
    "my file.pdb",
    "50%.txt",
    "a#b?.txt",
    "Übergrößenträger.txt",
    "ä" * 127 + "x",
    "-rf",
    'it\'s "quoted" $(HOME) `x` & co.txt',
    "a folder/of mine/x y.txt",
    "please mount the service form/curl.txt",
]
"""All of at most 255 bytes; the last has words for which a v2 client refuses scripts."""


@dataclass(frozen=True, slots=True)
class Yard:
    """A joborch server with clients of the original; a service for each is called like it."""

    site: Site
    clients: dict[str, StandIn]
    marks: Path
    """Where jobs leave marks, out of reach of whoever handles their files."""

    def starts(self, jobs: list[int]) -> list[int]:
        """How often each of these jobs began."""
        return [(self.marks / str(job_id)).read_text().count("began") for job_id in jobs]

    def result(self, job_id: int) -> dict[str, bytes]:
        return unpacked(self.site.get(f"/api/v1/jobs/{job_id}/results").content)

    def log(self, job_id: int, stream: str) -> str:
        return self.site.get(f"/api/v1/jobs/{job_id}/logs", params={"stream": stream}).text


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    home = tmp_path_factory.mktemp("yard")
    (home / "marks").mkdir()
    with ExitStack() as stack:
        clients = {
            name: stack.enter_context(a_stand_in("client", generation, home / name))
            for name, generation in (("v1", "v1"), ("v2", "v2"), ("hung", "v2"))
        }
        site = stack.enter_context(a_site(home))
        site.serve(env={**variables(clients), "JOBORCH_GRACE": "1s"})
        yield Yard(site, clients, home / "marks")


def variables(clients: dict[str, StandIn]) -> dict[str, str]:
    """The original's own variables, for each of the clients."""
    found = {}
    for name, client in clients.items():
        prefix = f"SERVICE_{name.upper()}"
        found[f"{prefix}_UPLOAD_URL"] = f"{client.url}/submit"
        found[f"{prefix}_DOWNLOAD_URL"] = f"{client.url}/retrieve"
        found[f"{prefix}_TERMINATE_URL"] = f"{client.url}/kill"
        found[f"{prefix}_RUNS_PER_USER"] = str(PER_USER)
    return found


@BOTH
@pytest.mark.timeout(150)
def test_fifty_jobs_run_once_each_although_the_client_fails_and_another_hangs(
    yard: Yard, generation: str
) -> None:
    yard.clients["hung"].goes_wrong("/", "hang", times=10**6)
    (stuck,) = yard.site.submit("true", service="hung")
    client = yard.clients[generation]
    for path, kind in FAULTS:
        client.goes_wrong(path, kind, times=2)
    script = f"echo began >> {yard.marks}/$JOBORCH_JOB_ID; echo $JOBORCH_JOB_ID > out.txt"
    by_user = [
        yard.site.submit(script, user=user, service=generation, array=f"1-{JOBS_OF_ONE}")
        for user in ("ann", "bob")
    ]
    jobs = [job_id for own in by_user for job_id in own]
    ended = [yard.site.wait(job_id)["state"] for job_id in jobs]
    assert ended == ["completed"] * len(jobs)
    assert yard.starts(jobs) == [1] * len(jobs)
    assert [yard.result(job_id)["out.txt"] for job_id in jobs] == [b"%d\n" % one for one in jobs]
    assert all(max(active_over_time(yard.site, own)) <= PER_USER for own in by_user)
    assert yard.site.job(stuck)["state"] in {"queued", "assigned"}


@BOTH
def test_results_have_any_name_that_an_archive_can_be_made_of(yard: Yard, generation: str) -> None:
    script = "echo x > 'a\\b'; echo y > \"$(printf 'new\\nline')\""
    (job_id,) = yard.site.submit(script, service=generation)
    assert yard.site.wait(job_id)["state"] == "completed"
    assert {"a%5Cb", "new%0Aline"} <= yard.result(job_id).keys()


def test_a_running_job_is_seen_as_it_is_if_its_client_can_show_it(yard: Yard) -> None:
    gate = yard.marks / "gate of who is seen"
    os.mkfifo(gate)
    script = f"echo so far > out.txt; echo began > {yard.marks}/shown; read line < '{gate}'"
    (job_id,) = yard.site.submit(script, service="v2")
    wait_until((yard.marks / "shown").exists)
    partial = yard.site.get(f"/api/v1/jobs/{job_id}/partial")
    gate.write_text("on\n")
    assert unpacked(partial.content)["out.txt"] == b"so far\n"
    assert yard.site.wait(job_id)["state"] == "completed"


FAULTS = [
    ("/submit", "reset"),
    ("/retrieve/", "truncate"),
    ("/retrieve/", "refuse"),
    ("/retrieve/", "reset"),
]


@BOTH
def test_names_survive_both_ways(yard: Yard, generation: str) -> None:
    sent = {name: f"data of {name}".encode() for name in NAMES}
    script = "mkdir back; cp -r -- * back/ 2>/dev/null; rm -r back/back; true"
    (job_id,) = yard.site.submit(script, service=generation, files=sent)
    assert yard.site.wait(job_id)["state"] == "completed", yard.log(job_id, "stderr")
    came = {name.removeprefix("back/"): data for name, data in yard.result(job_id).items()}
    assert {name: came.get(name) for name in NAMES} == sent


@BOTH
def test_results_and_logs_of_a_failed_job_come_home(yard: Yard, generation: str) -> None:
    script = "echo said; echo warned >&2; echo half > part.txt; exit 3"
    (job_id,) = yard.site.submit(script, service=generation)
    job = yard.site.wait(job_id)
    assert (job["state"], job["exit_code"]) == ("failed", 3)
    assert (yard.log(job_id, "stdout"), yard.log(job_id, "stderr")) == ("said\n", "warned\n")
    assert yard.result(job_id)["part.txt"] == b"half\n"


def test_cancelling_ends_all_that_a_job_started_at_the_client(yard: Yard) -> None:
    script = f"echo half > part.txt; sleep 600 & echo $! > {yard.marks}/pid; wait"
    (job_id,) = yard.site.submit(script, service="v2")
    pid = wait_until(lambda: read(yard.marks / "pid"), timeout=30)
    yard.site.post(f"/api/v1/jobs/{job_id}/cancel")
    assert yard.site.wait(job_id)["state"] == "cancelled"
    wait_until(lambda: is_gone(int(pid)))
    assert yard.result(job_id)["part.txt"] == b"half\n"


def test_a_client_is_told_again_to_end_what_it_had_not_begun(yard: Yard) -> None:
    """Killed before it has a process, a job of v2 is called Killed, and begins."""
    jobs = [cancelled_at_once(yard) for _ in range(4)]
    assert {yard.site.wait(job_id)["state"] for job_id in jobs} == {"cancelled"}
    pids = [read(yard.marks / f"{job_id}.pid") for job_id in jobs]
    wait_until(lambda: all(pid is None or is_gone(int(pid)) for pid in pids))


def cancelled_at_once(yard: Yard) -> int:
    """Cancel a job that has been sent; the client looks for new ones every half second."""
    script = f"echo $$ > {yard.marks}/$JOBORCH_JOB_ID.pid; sleep 600"
    (job_id,) = yard.site.submit(script, service="v2")
    yard.site.wait(job_id, until="running")
    yard.site.post(f"/api/v1/jobs/{job_id}/cancel")
    return job_id


def test_after_a_restart_that_counts_from_one_nobody_gets_the_files_of_others(yard: Yard) -> None:
    client, gate = yard.clients["v1"], yard.marks / "gate"
    client.restart()
    os.mkfifo(gate)
    secret = f"echo secret > secret.txt; echo began > {yard.marks}/ann; read x < {gate}"
    (of_ann,) = yard.site.submit(secret, user="ann", service="v1")
    wait_until((yard.marks / "ann").exists, timeout=30)
    client.restart()
    (of_bob,) = yard.site.submit("ls -a; echo bob > bob.txt", user="bob", service="v1")
    assert yard.site.wait(of_bob)["state"] == "completed"
    assert own(yard.result(of_bob)) == {"bob.txt"}
    assert ends_of(yard, of_bob) == ["complete"], "at the first attempt"
    first = wait_until(partial(ends_of, yard, of_ann), timeout=40)
    assert first == ["requeue"], "and not with the files of Bob"
    open_again(gate)


@BOTH
def test_what_a_client_answered_500_to_gets_another_turn(yard: Yard, generation: str) -> None:
    yard.clients[generation].goes_wrong("/submit", "refuse")
    (job_id,) = yard.site.submit("true", service=generation, max_attempts="1")
    assert yard.site.wait(job_id)["state"] == "completed"
    assert ends_of(yard, job_id) == ["give_back", "complete"], "it was not tried in vain"


def ends_of(yard: Yard, job_id: int) -> list[str]:
    """How attempts of a job ended."""
    began = {"submit", "assign", "start"}
    return [one["event"] for one in yard.site.events(job_id) if one["event"] not in began]


def open_again(gate: Path) -> None:
    """Let all through that wait now, and whoever comes later."""
    gate.rename(gate.with_suffix(".old"))
    gate.write_text("go\n")
    gate.with_suffix(".old").write_text("go\n")


def own(files: dict[str, bytes]) -> set[str]:
    """Which of these files the job has made."""
    return {name for name in files if name != "run.sh" and not name.startswith(".joborch/")}


def read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
