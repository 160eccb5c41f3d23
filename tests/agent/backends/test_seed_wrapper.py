"""The scripts that are sent to a client of the original, run as it would run them."""

import signal
import subprocess
from pathlib import Path

from joborch.agent.backends.seed.wrapper import home_of, mark_of, parcel
from tests.support.waiting import wait_until

MARK = mark_of("ab" * 16)


def deliver(client: Path, script: str, *, time_limit_s: float | None = None) -> None:
    """Put a job where a client stores what it was sent."""
    client.mkdir()
    sent = parcel(
        ["run.sh"],
        mark=MARK,
        environment={"SAID": "it's \u00fc"},
        command=("bash", "run.sh"),
        time_limit_s=time_limit_s,
        grace_s=1,
    )
    (client / sent.sent_as["run.sh"]).write_text(script)
    for name, content in sent.scripts.items():
        (client / name).write_bytes(content)


def run(client: Path, script: str, *, time_limit_s: float | None = None) -> str:
    deliver(client, script, time_limit_s=time_limit_s)
    subprocess.run(["bash", "run.sh"], cwd=client, check=True, capture_output=True)
    return (client / f"{MARK}.exit").read_text()


def test_the_job_runs_in_a_directory_of_its_own_and_its_end_is_written_beside(
    tmp_path: Path,
) -> None:
    assert run(tmp_path / "c", 'echo "$SAID" > out; pwd; exit 3') == "exited 3\n"
    home = tmp_path / "c" / home_of(MARK)
    assert (home / "out").read_text() == "it's \u00fc\n"
    assert (tmp_path / "c" / f"{MARK}.out").read_text() == f"{home}\n"
    assert (tmp_path / "c" / ".orchestrator.exit").read_text() == "0\n"


def test_a_time_limit_ends_the_job(tmp_path: Path) -> None:
    assert run(tmp_path / "c", "sleep 60", time_limit_s=0.2).startswith("timed_out ")


def test_a_client_that_ends_the_script_ends_the_job(tmp_path: Path) -> None:
    client = tmp_path / "c"
    deliver(client, 'trap "" TERM; touch began; sleep 60; sleep 60')
    started = subprocess.Popen(["bash", "run.sh"], cwd=client, stderr=subprocess.DEVNULL)
    wait_until((client / home_of(MARK) / "began").exists)
    started.send_signal(signal.SIGTERM)
    started.wait(timeout=20)
    assert (client / f"{MARK}.exit").read_text().startswith("cancelled ")


def test_what_would_make_a_client_hang_or_leak_is_gone_wherever_the_job_put_it(
    tmp_path: Path,
) -> None:
    script = "mkfifo pipe ../pipe; ln -s /etc/passwd link; ln -s / ../root; echo kept > kept"
    run(tmp_path / "c", script)
    left = {path.name for path in (tmp_path / "c").rglob("*")}
    assert "kept" in left
    assert not left & {"pipe", "link", "root"}
