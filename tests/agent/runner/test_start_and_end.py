"""What holds a job back until its start is recorded, and who is told when it has to end."""

import resource
import subprocess
import sys
from pathlib import Path

from joborch.agent.runner import records
from joborch.agent.runner.control import cancel
from joborch.agent.runner.phases import Running, inspect
from joborch.agent.runner.records import Cause
from tests.agent.runner.attempts import MakeAttempt
from tests.agent.runner.test_crash_points import SUPERVISE
from tests.agent.runner.test_watch import run_while
from tests.support.waiting import async_wait_until

BYTES_OF_A_LOCK = 20
"""Room for the pid in the lock, and for no record."""

FORK_AND_DIE = """
import os, sys; sys.path.append(sys.argv[1])
from pathlib import Path
from joborch.agent.runner import job, records
folder = Path(sys.argv[2])
forked = job.fork_job(records.read_spec(folder), folder)
os.close(forked.barrier)
_, status = os.waitpid(forked.pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def allow_no_record() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES_OF_A_LOCK, BYTES_OF_A_LOCK))


def test_a_job_whose_start_cannot_be_recorded_never_runs(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("mkdir ran")
    command = [*SUPERVISE, str(attempt.directory)]
    subprocess.run(command, check=False, preexec_fn=allow_no_record, stderr=subprocess.DEVNULL)
    assert not records.has_started(attempt.directory)
    assert not (attempt.work / "ran").exists()


def test_a_job_that_nobody_lets_run_ends_without_having_run(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("mkdir ran")
    root = str(Path(records.__file__).parents[3])
    command = [sys.executable, "-I", "-S", "-c", FORK_AND_DIE, root, str(attempt.directory)]
    assert subprocess.run(command, check=False, timeout=20).returncode == 127
    assert not (attempt.work / "ran").exists()


PROGRAM = "trap 'touch told; exit' TERM; touch ready; while :; do sleep 0.02; done"


def test_the_program_that_a_script_waits_for_is_told_to_end_too(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(f'trap : TERM; bash -c "{PROGRAM}"; test -e told')

    def cancel_it(pid: int) -> None:
        assert cancel(attempt.directory, pid, 5)

    ended = run_while(attempt, cancel_it)
    assert (ended.cause, ended.exit_code) == (Cause.CANCELLED, 0)


def test_a_job_that_was_timed_out_is_not_cancelled_after(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(
        "trap 'touch told' TERM; touch ready; while :; do sleep 0.02; done",
        time_limit_s=0.3,
        grace_s=60,
    )

    async def cancel_once_told(pid: int) -> None:
        await async_wait_until((attempt.work / "told").exists)
        assert cancel(attempt.directory, pid, 0)

    assert run_while(attempt, cancel_once_told).cause is Cause.TIMED_OUT


def test_an_end_that_a_job_wrote_while_it_runs_is_not_believed(an_attempt: MakeAttempt) -> None:
    forged = '{"cause": "exited", "exit_code": 0, "ended_at": 1}'
    attempt = an_attempt(f"echo '{forged}' > ../exit.json; touch ready; exec sleep 60")

    def look_and_cancel(pid: int) -> None:
        assert inspect(attempt.directory) == Running(shim_pid=pid)
        assert cancel(attempt.directory, pid, 0)

    assert run_while(attempt, look_and_cancel).cause is Cause.CANCELLED
