"""A machine that is suspended for longer than a lease lasts, and then goes on as if nothing was."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from joborch.agent.runner import linux, phases, records
from joborch.agent.runner.records import Cause
from tests.agent.runner.attempts import is_alive, make_attempt
from tests.faults.sizes import size
from tests.support.agents import contents
from tests.support.site import Site, a_site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.faults

LOST_AFTER_S = 5
PATIENCE_S = 40
"""A lost lease is noticed after five seconds, and the job offered again ten seconds later."""
MOST_OVERLAP_S = 1.0
STUBBORN = """\
trap '' TERM
while ! [ -e {oracle}/enough ]; do
  read -r up idle </proc/uptime
  echo "$JOBORCH_ATTEMPT $up" >>{oracle}/marks
  sleep 0.02
done
"""
FINISHING = """\
echo $JOBORCH_ATTEMPT >>{oracle}/begun
until [ -e {oracle}/go ]; do sleep 0.02; done
echo "$JOBORCH_ATTEMPT" >attempt.txt
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("turn", range(size(1, nightly=20)))
def test_after_a_suspension_nothing_runs_twice_and_what_comes_too_late_is_discarded(
    tmp_path: Path, turn: int
) -> None:
    oracle = tmp_path / "oracle"
    oracle.mkdir()
    with a_site(tmp_path, is_warm=False) as site:
        site.serve("--service", f"example:lost_after={LOST_AFTER_S}s")
        suspended = site.agent("compute-1")
        [running] = site.submit(STUBBORN.format(oracle=oracle))
        [finished] = site.submit(FINISHING.format(oracle=oracle))
        wait_until(lambda: marks(oracle, 1) and lines(oracle / "begun"), timeout=20)
        suspended.process.send_signal(SIGSTOP)
        let_finish(oracle, tmp_path / "compute-1" / "attempts" / f"{finished}-1")
        stopped = suspend_attempt(tmp_path / "compute-1" / "attempts" / f"{running}-1")
        site.agent("compute-2")
        wait_until(lambda: marks(oracle, 2), timeout=PATIENCE_S)
        # Any moment is as good as another one.
        pause_until = linux.boottime() + random.Random(turn).random()  # noqa: S311 - no secret
        wait_until(lambda: linux.boottime() > pause_until)
        resumed_at = linux.boottime()
        for pid in stopped:
            os.kill(pid, SIGCONT)
        # Before the agent can have a say: its supervisor alone has to see to it.
        wait_until(lambda: not is_alive(stopped[0]), timeout=20)
        suspended.process.send_signal(SIGCONT)
        wait_until(lambda: not any((tmp_path / "compute-1" / "attempts").iterdir()), timeout=20)
        (oracle / "enough").touch()
        jobs = [site.wait(job_id) for job_id in (running, finished)]
        assert overlap_s(oracle, resumed_at) <= MOST_OVERLAP_S
        assert [(job["state"], job["attempt"]) for job in jobs] == [("completed", 2)] * 2
        assert result_of(site, finished, "attempt.txt") == "2\n"


@pytest.mark.skipif(not shutil.which("unshare"), reason="unshare, of util-linux, is not here")
def test_what_is_started_after_a_suspension_by_a_lease_of_before_is_killed_at_once(
    tmp_path: Path,
) -> None:
    need_time_namespaces()
    records.write_renewal(tmp_path / "lease", linux.boottime())
    lease = {"lease_file": str(tmp_path / "lease"), "stop_after_s": 800.0, "grace_s": 20.0}
    attempt = make_attempt(tmp_path / "7-1", "trap '' TERM; sleep 60", **lease)
    supervise = "import sys; from joborch.agent.runner.shim import supervise; "
    supervise += "sys.exit(supervise(sys.argv[1]))"
    command = (sys.executable, "-c", supervise, str(attempt.directory))
    subprocess.run([*AN_HOUR_LATER, *command], check=True, timeout=15)
    # Without a SIGTERM before: its grace was over long before it began.
    assert (attempt.ended.cause, attempt.ended.signal) == (Cause.LEASE_LOST, SIGKILL)
    assert attempt.ended.elapsed_s < MOST_OVERLAP_S


AN_HOUR_LATER = ("unshare", "--time", "--boottime", "3600")


def need_time_namespaces() -> None:
    tried = subprocess.run([*AN_HOUR_LATER, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no namespaces of clocks here: {tried.stderr.strip()}")


def let_finish(oracle: Path, folder: Path) -> None:
    """Have an attempt end under its supervisor, while its agent sleeps."""
    (oracle / "go").touch()
    wait_until(lambda: isinstance(phases.inspect(folder), phases.Finished), timeout=20)


def suspend_attempt(folder: Path) -> list[int]:
    """Stop an attempt and who watches over it; returns the pids of both."""
    started = records.read_started(folder)
    assert started is not None
    for pid in (started.pid, started.shim_pid):
        os.kill(pid, SIGSTOP)
    return [started.pid, started.shim_pid]


def marks(oracle: Path, attempt: int) -> list[float]:
    """When an attempt was at work, in seconds of CLOCK_BOOTTIME."""
    fields = [line.split() for line in lines(oracle / "marks")]
    return [float(each[1]) for each in fields if len(each) == 2 and int(each[0]) == attempt]


def overlap_s(oracle: Path, resumed_at: float) -> float:
    """For how long the first attempt went on after it was resumed."""
    return max(mark - resumed_at for mark in marks(oracle, 1))


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def result_of(site: Site, job_id: int, name: str) -> str:
    return contents(site.get(f"/api/v1/jobs/{job_id}/results").content)[name]
