"""The site of ``joborch demo``: a server and two agents, each a process, below one directory.

They are started, watched and ended here, by their own ids. What the jobs are is not known here.
"""

import ctypes
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from joborch.domain.errors import JoborchError

SERVICES = {"align": "per_user=2,max=4", "dock": "per_user=3,max=6"}
AGENTS = ("node-1", "node-2")
SLOTS = 3
"""Of each service on each agent: more than the quotas let run, so that they are what limits."""
START_S, LEAVE_S, JOBS_S = 30.0, 15.0, 15.0
LOOK_S = 0.02
_HELLO = re.compile(r"serves at (\S+)\s")
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class DemoSite:
    """A directory with a server, its agents and their logs; after ``end`` nothing runs there."""

    home: Path
    url: str = ""
    _server: "subprocess.Popen[bytes] | None" = None
    _agents: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start_server(self) -> None:
        """Start the server, and do not wait for it."""
        self._server = self._start("server", *self._serve(port=0))

    def wait_for_server(self) -> None:
        """Wait until the server has said where it is.

        Raises:
            JoborchError: it did not start.
        """
        log, deadline = self.home / "server.log", time.monotonic() + START_S
        while self._server and self._server.poll() is None and time.monotonic() < deadline:
            if found := _HELLO.search(log.read_text(errors="replace")):
                self.url = found[1]
                return
            time.sleep(LOOK_S)
        said = log.read_text(errors="replace").splitlines()
        reason = next((line for line in said if line.startswith("error: ")), "see its log")
        raise JoborchError(f"the demo's server did not start: {reason}", hint="add --keep")

    def start_agents(self) -> None:
        """Start the agents, and do not wait for them."""
        for name in AGENTS:
            self._agents.append(self._start(name, *self._agent(name, self.url)))

    def end(self) -> None:
        """End the agents, then the server, and wait for the end of jobs, which are short."""
        _end(self._agents)
        _end([self._server] if self._server else [])
        deadline = time.monotonic() + JOBS_S
        while any(map(_is_locked, self._locks())) and time.monotonic() < deadline:
            time.sleep(LOOK_S)

    def again(self) -> list[str]:
        """Return the commands that start what was kept once more."""
        url = self.url or "http://127.0.0.1:5000"
        port = int(url.rpartition(":")[2])
        agents = [["agent", *self._agent(name, url)] for name in AGENTS]
        return [_spelt(["serve", *self._serve(port)]), *map(_spelt, agents)]

    def _serve(self, port: int) -> list[str]:
        offers = [word for name, quota in SERVICES.items() for word in ("-s", f"{name}:{quota}")]
        return ["--port", str(port), "--data", str(self.home / "data"), *offers]

    def _agent(self, name: str, url: str) -> list[str]:
        offers = [word for service in SERVICES for word in ("-s", f"{service}:{SLOTS}")]
        return ["--server", url, "--name", name, "--work-dir", str(self.home / name), *offers]

    def _start(self, name: str, *options: str) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            "-m",
            "joborch.cli.main",
            "serve" if name == "server" else "agent",
        ]
        with (self.home / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [*command, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us, and we end them in order
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - there are no threads yet
            )

    def _locks(self) -> Iterator[Path]:
        return self.home.glob("*/attempts/*/lock")


def _end(processes: "list[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    """Have a child end even when this process is killed; nothing else could tell it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _environment() -> dict[str, str]:
    """Return ours without what would configure another site's server and agents."""
    foreign = ("JOBORCH_", "SERVICE_")
    originals = {"PORT", "DB_PATH", "DATA_PATH", "MAX_AGE"}
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and name not in originals
    }


def _is_locked(lock: Path) -> bool:
    """Say whether a job's supervisor lives; it holds its lock as long."""
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _spelt(words: list[str]) -> str:
    import shlex

    return shlex.join(["joborch", *words])
