import os
import signal
from pathlib import Path

from tests.support import warm
from tests.support.waiting import wait_until


def test_what_is_forked_ends_with_the_commands_status_and_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    forked = warm.fork(warm.COMMAND, ["serve", "--nonsense"], env=os.environ, log=log)
    assert forked.wait(20) == 2
    assert "--nonsense" in log.read_text()


def test_it_sees_its_own_environment_and_nothing_of_ours(tmp_path: Path) -> None:
    log = tmp_path / "log"
    env = {"PATH": os.environ["PATH"], "JOBORCH_POLL_S": "7s"}
    arguments = ["serve", "--print-config"]
    assert warm.fork(warm.COMMAND, arguments, env=env, log=log).wait(20) == 0
    assert "poll_s = 7.0" in log.read_text()


def test_whoever_was_killed_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    settings = {"data": str(tmp_path / "data"), "port": 0, "service": ["example"]}
    forked = warm.fork(warm.SERVER, settings, env=os.environ, log=log)
    wait_until(lambda: "serves at" in log.read_text(), timeout=30, describe=log.read_text)
    assert forked.poll() is None
    forked.kill()
    assert forked.wait(20) == -signal.SIGKILL
