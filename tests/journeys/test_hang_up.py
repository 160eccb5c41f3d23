"""SIGHUP: the server reads its services anew and goes on."""

import os
import pty
import signal
import subprocess
from pathlib import Path

from tests.support.site import JOBORCH, a_site
from tests.support.waiting import wait_until


def quota(per_user: int) -> str:
    return f"[services.example]\nper_user = {per_user}\n"


def test_a_quota_is_changed_without_a_restart_and_a_mistake_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(quota(1))
    with a_site(tmp_path) as site:
        server = site.serve("--config", str(file))

        file.write_text(quota(7))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "services reloaded" in server.said, describe=lambda: server.said)
        assert site.get("/api/v1/services/example").json()["per_user"] == 7

        file.write_text("[services.example]\nper_user = many\n")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "services not reloaded" in server.said, describe=lambda: server.said)
        assert site.get("/api/v1/services/example").json()["per_user"] == 7


def test_it_ends_with_the_terminal_that_it_was_started_on(tmp_path: Path) -> None:
    said = tmp_path / "said"
    terminal, its = pty.openpty()
    with said.open("wb") as log:
        server = subprocess.Popen(
            [*JOBORCH, "serve", "--port", "0", "--data", str(tmp_path / "data")],
            stdin=its,
            stderr=log,
        )
    try:
        wait_until(lambda: "serves at" in said.read_text(), timeout=50, describe=said.read_text)
        os.close(its)
        os.close(terminal)

        server.send_signal(signal.SIGHUP)

        assert server.wait(20) == 0
    finally:
        server.kill()
        server.wait()
