"""What a shim makes of a job: how it is started, and what is told of its end."""

import errno
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from joborch.agent.runner import records
from joborch.agent.runner.records import Cause, Ended
from tests.agent.runner.attempts import MakeAttempt, is_alive, pids_in, run
from tests.support.waiting import wait_until


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_the_exit_code_is_recorded(an_attempt: MakeAttempt, code: int) -> None:
    ended = run(an_attempt(f"exit {code}"))
    assert (ended.cause, ended.exit_code, ended.signal) == (Cause.EXITED, code, None)


def test_death_by_a_signal_is_recorded(an_attempt: MakeAttempt) -> None:
    ended = run(an_attempt("kill -SEGV $$"))
    assert (ended.cause, ended.exit_code, ended.signal) == (Cause.EXITED, None, signal.SIGSEGV)


def test_times_and_usage_are_recorded(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("for ((i = 0; i < 100000; i++)); do :; done")
    ended = run(attempt)
    assert ended.started_at == attempt.started.started_at
    assert ended.started_at is not None
    assert ended.ended_at >= ended.started_at
    assert ended.elapsed_s > 0.01
    assert ended.cpu_s > 0.01
    assert ended.max_rss_kb > 1000


def test_output_goes_to_two_files(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("echo out; echo err >&2")
    run(attempt)
    assert attempt.output() == "out\n"
    assert (attempt.directory / records.STDERR).read_text() == "err\n"


def test_a_job_gets_exactly_the_environment_of_its_specification(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(argv=("env",), env={"PATH": os.defpath, "GREETING": "grüß\ngott"})
    run(attempt)
    assert attempt.output() == f"PATH={os.defpath}\nGREETING=grüß\ngott\n"


def test_a_job_starts_in_its_work_folder_with_nothing_to_read(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("pwd; readlink /proc/$$/fd/0; cat")
    run(attempt)
    assert attempt.output() == f"{attempt.work}\n/dev/null\n"


def test_a_job_inherits_no_descriptors(an_attempt: MakeAttempt) -> None:
    ours, theirs = socket.socketpair()
    ours.set_inheritable(True)
    theirs.set_inheritable(True)
    with ours, theirs:
        attempt = an_attempt(argv=("ls", "/proc/self/fd"))
        run(attempt)
    # 3 is the directory that ls lists.
    assert attempt.output().split() == ["0", "1", "2", "3"]


def test_a_job_is_fenced_in(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(argv=("grep", "-E", "^(Sig(Blk|Ign)|NoNewPrivs)", "/proc/self/status"))
    run(attempt)
    nothing = "0" * 16
    expected = f"SigBlk: {nothing} SigIgn: {nothing} NoNewPrivs: 1"
    assert " ".join(attempt.output().split()) == expected


def test_a_job_leads_a_session_and_dumps_no_core(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("ulimit -c; set -- $(cat /proc/$$/stat); echo $(($5 - $$)) $(($6 - $$))")
    run(attempt)
    assert attempt.output() == "0\n0 0\n"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"argv": ("no-such-program",)}, "no-such-program: No such file or directory"),
        ({"argv": ("/etc/passwd",)}, "/etc/passwd: Permission denied"),
        ({"argv": ()}, "spec.json names no program"),
    ],
)
def test_a_program_that_cannot_be_executed_is_told_from_one_that_failed(
    an_attempt: MakeAttempt, spec: dict[str, object], reason: str
) -> None:
    ended = run(an_attempt(**spec))
    assert (ended.cause, ended.exit_code, ended.detail) == (Cause.CANNOT_START, None, reason)


def test_an_attempt_without_a_specification_cannot_start(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt()
    (attempt.directory / records.SPEC).write_text("{")
    assert run(attempt).cause is Cause.CANNOT_START


def test_a_missing_work_folder_is_named(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt()
    (attempt.work / "run.sh").unlink()
    attempt.work.rmdir()
    assert run(attempt).detail == f"{attempt.work}: {os.strerror(errno.ENOENT)}"


def test_what_a_job_leaves_behind_is_killed(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(
        """
        sleep 60 & echo $! > child
        setsid sleep 60 & echo $! > daemon
        (setsid bash -c 'trap "" TERM; echo $$ > orphan; sleep 60; :' &)
        until [ -s orphan ]; do :; done
        exit 4
        """
    )
    ended = run(attempt)
    assert (ended.cause, ended.exit_code) == (Cause.EXITED, 4)
    left = [attempt.number_in(name) for name in ("child", "daemon", "orphan")]
    assert [pid for pid in left if is_alive(pid)] == []


RUNAWAY = """
import os, pathlib
for turn in range(20000):
    if os.fork():
        os._exit(0)
    os.setsid()
    if turn == 10:
        pathlib.Path("running").touch()
"""


def test_what_runs_away_by_forking_is_caught(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt('python3 -ISc "$RUNAWAY" & until [ -e running ]; do :; done')
    spec = records.Spec(
        env={"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "RUNAWAY": RUNAWAY}
    )
    records.write_spec(attempt.directory, spec)
    assert run(attempt).exit_code == 0
    assert pids_in(attempt.directory) == []


def test_a_record_the_job_wrote_itself_does_not_count(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt(
        """echo '{"cause": "exited", "exit_code": 0, "ended_at": 1}' > ../exit.json; exit 9"""
    )
    assert run(attempt).exit_code == 9


def test_the_record_of_a_newer_version_can_be_read(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt()
    content = '{"cause": "exited", "exit_code": 3, "ended_at": 5.5, "new_in_2": [1]}'
    (attempt.directory / records.EXIT).write_text(content)
    assert attempt.ended == Ended(cause=Cause.EXITED, exit_code=3, ended_at=5.5)


def test_a_hundred_sessions_are_killed(an_attempt: MakeAttempt) -> None:
    attempt = an_attempt("for i in {1..100}; do setsid sleep 60 & done; wait -n; exit 1")
    records.write_spec(
        attempt.directory, records.Spec(env={"PATH": os.defpath}, time_limit_s=0.5, grace_s=0)
    )
    ended = run(attempt)
    assert (ended.cause, ended.signal) == (Cause.TIMED_OUT, signal.SIGKILL)
    wait_until(lambda: not pids_in(attempt.directory))
