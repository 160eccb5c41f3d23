"""Jobs that turn on the machine: the agent lives, nothing of them is left, and their end is told.

What they can do to the agent's own files is in ``tests/agent/test_hostile_jobs.py``.
"""

import io
import os
import random
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.agent.runner.attempts import is_alive, pids_in
from tests.faults import invariants
from tests.faults.sizes import size
from tests.support.site import Running, Site, a_site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.faults

MOST_PROCESSES = 120
"""Of the agent and all its jobs, where the kernel counts them."""
MOST_RESULTS = 1_000_000
DAEMON = "trap '' TERM HUP; cd /; exec 0<&- 1>&- 2>&-; echo $$ >{pids}/$$; exec sleep 60"
FILE_NAMES = size(50, nightly=1000)
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A site whose agent every test of this module lets a job loose on."""

    site: Site
    agent: Running
    work_dir: Path

    def outlives(self, script: str, **fields: Any) -> dict[str, Any]:
        """Run a job, see that nothing of it is left and the next one runs; returns the first."""
        [job_id] = self.site.submit(script, **fields)
        job = self.site.wait(job_id)
        wait_until(lambda: not self.left, timeout=20, describe=lambda: self.left)
        [next_id] = self.site.submit("true")
        assert self.site.wait(next_id)["state"] == "completed"
        assert self.agent.process.poll() is None
        assert "Traceback" not in self.agent.said
        return job

    def results(self, job: dict[str, Any]) -> zipfile.ZipFile:
        archive = self.site.get(f"/api/v1/jobs/{job['id']}/results").content
        return zipfile.ZipFile(io.BytesIO(archive))

    @property
    def left(self) -> list[str]:
        """Directories of attempts, and processes that work there or know of their job."""
        return [
            *(path.name for path in (self.work_dir / "attempts").iterdir()),
            *(f"process {pid} in {self.work_dir}" for pid in pids_in(self.work_dir)),
            *invariants.leaves_no_process(self.site.home),
        ]


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """A control group that can only hold so many processes; None where there is none."""
    found = [path for path in map(Path, ("/sys/fs/cgroup/pids", "/sys/fs/cgroup")) if path.is_dir()]
    group = next(filter(None, map(_made, found)), None)
    yield group
    if group:
        wait_until(lambda: not (group / "cgroup.procs").read_text(), timeout=20)
        group.rmdir()


def _made(parent: Path) -> Path | None:
    """Make a group below another one, if its kind counts processes and we may."""
    group = parent / f"joborch-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "pids.max").write_text(str(MOST_PROCESSES))
    except OSError:
        if group.exists():
            group.rmdir()
        return None
    return group


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory, processes: Path | None) -> Iterator[Victim]:
    home = tmp_path_factory.mktemp("hostile")
    with a_site(home, is_warm=False) as site:
        site.serve("--service", "example:max_attempts=1")
        agent = site.agent("compute-1", "--grace", "0.5s", "--max-results", str(MOST_RESULTS))
        if processes:
            (processes / "cgroup.procs").write_text(str(agent.process.pid))
        yield Victim(site=site, agent=agent, work_dir=home / "compute-1")


def test_a_fork_bomb_ends_with_its_time_and_takes_nobody_with_it(
    victim: Victim, processes: Path | None
) -> None:
    if processes is None:
        pytest.skip("no control group here that limits processes")
    job = victim.outlives("bomb() { bomb | bomb & }; bomb; sleep 60", time_limit="2s")
    assert job["state"] in {"timed_out", "failed"}
    assert int((processes / "pids.current").read_text()) < MOST_PROCESSES // 4


def test_a_job_that_takes_more_memory_than_there_is_fails(victim: Victim) -> None:
    job = victim.outlives("ulimit -v 100000; memory=$(head -c 300M /dev/zero | tr '\\0' x)")
    assert job["state"] == "failed"


def test_output_beyond_all_limits_stays_out_of_the_results(victim: Victim) -> None:
    script = "head -c 3M /dev/urandom; head -c 3M /dev/urandom >big; echo small >small; exit 3"
    job = victim.outlives(script)
    with victim.results(job) as results:
        assert results.read("small") == b"small\n"
        assert not {"big", ".joborch/stdout.log"} & set(results.namelist())
        skipped = results.read(".joborch/skipped.txt").decode()
    assert (job["state"], job["exit_code"]) == ("failed", 3)
    assert "big" in skipped


def test_output_without_end_ends_with_the_time(victim: Victim) -> None:
    job = victim.outlives("ulimit -f 20000; yes", time_limit="2s")
    assert job["state"] in {"timed_out", "failed"}


def test_daemons_that_shed_everything_are_gone_with_the_job(victim: Victim, tmp_path: Path) -> None:
    daemon = DAEMON.format(pids=tmp_path)
    script = f"for i in 1 2 3; do (setsid env -i bash -c '(({daemon}) &) &' &); done\n"
    script += f"until [ $(ls {tmp_path} | wc -l) = 3 ]; do sleep 0.05; done"
    assert victim.outlives(script)["state"] == "completed"
    assert not [path.name for path in tmp_path.iterdir() if is_alive(int(path.name))]


def test_control_sequences_do_not_get_into_what_the_agent_says(victim: Victim) -> None:
    script = r"""printf '\e[2J\e]52;c;AAAA\a\e]0;title\a\x9b31m' | tee /dev/stderr; """
    script += r"""touch "$(printf '\e]0;name\a')"; exit 1"""
    job = victim.outlives(script)
    with victim.results(job) as results:
        assert not [name for name in results.namelist() if "\x1b" in name]
        assert b"\x1b]52" in results.read(".joborch/stdout.log")
    assert job["state"] == "failed"
    assert "\x1b" not in victim.agent.said


def test_a_job_without_any_descriptor_ends_as_it_ended(victim: Victim) -> None:
    job = victim.outlives('for fd in /proc/$$/fd/*; do eval "exec ${fd##*/}>&-"; done; exit 4')
    assert (job["state"], job["exit_code"]) == ("failed", 4)


def test_a_job_deaf_to_every_signal_is_timed_out(victim: Victim) -> None:
    deaf = "trap '' $(seq 1 64) 2>/dev/null; while :; do sleep 0.1; done"
    assert victim.outlives(deaf, time_limit="1s")["state"] == "timed_out"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make devices")
def test_what_is_no_plain_file_stays_out_of_the_results(victim: Victim) -> None:
    script = """
    mkfifo fifo; mknod zero c 1 5; mknod disk b 7 0; ln -s /etc/passwd link; ln -s . loop
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
    truncate -s 1T holes; for i in {1..60}; do mkdir d; cd d; done; echo deep >file
    """
    job = victim.outlives(script)
    with victim.results(job) as results:
        assert [name for name in results.namelist() if not name.startswith(("d/", ".job"))] == [
            "run.sh"
        ]
        assert "root:" not in "".join(results.read(name).decode() for name in results.namelist())
    assert job["state"] == "completed"


@pytest.mark.parametrize("seed", range(size(1, nightly=20)))
def test_any_name_of_a_file_comes_back_as_a_safe_one(victim: Victim, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    names = [dice.randbytes(dice.randint(1, 250)).hex() for _ in range(FILE_NAMES)]
    script = "unhex() { printf '%b' \"$(sed 's/../\\\\x&/g' <<<$1)\"; }\n"
    script += 'while read -r name; do : >"$(unhex $name)"; done <names 2>/dev/null\ntrue'
    job = victim.outlives(script, files={"names": "\n".join(names).encode()})
    with victim.results(job) as results:
        packed = results.namelist()
        assert results.testzip() is None
    assert job["state"] == "completed"
    assert not [name for name in packed if name.startswith("/") or ".." in name.split("/")]
    assert not [name for name in packed if any(map(is_deceptive, name))]


def is_deceptive(character: str) -> bool:
    """Whether a terminal would act on it, or write what follows the other way round."""
    return unicodedata.category(character) == "Cc" or character in BIDI


@pytest.mark.skipif(not size(False, nightly=True), reason="a launcher has 10 s to answer")
def test_a_job_that_stops_the_launcher_holds_up_the_next_ones_for_a_while_only(
    victim: Victim,
) -> None:
    stop = 'read -r _ _ _ launcher _ </proc/$PPID/stat; kill -STOP "$launcher"'
    assert victim.outlives(stop)["state"] == "completed"
