"""A whole site on this machine: a real server, real agents, real jobs, each a process."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from joborch.agent.runner import phases
from tests.support import warm
from tests.support.waiting import wait_until

JOBORCH = (sys.executable, "-m", "joborch.cli.main")
HTTP = httpx.Client(timeout=70, limits=httpx.Limits(max_keepalive_connections=0))
"""One for all, as making one takes long; a connection for each request, as servers restart."""


@dataclass(slots=True)
class Running:
    """A joborch process and what it says."""

    process: "subprocess.Popen[bytes] | warm.Forked"
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self, signal_number: int = signal.SIGTERM) -> int:
        """Send a signal, by the process's own id, and wait for its end."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@dataclass(slots=True)
class Site:
    """What a test does at a site. ``api`` talks to the server as any HTTP client would."""

    home: Path
    host: str = "127.0.0.1"
    """Where the server listens."""
    port: int = 0
    is_warm: bool = True
    """Whether what it starts is forked, or started as anybody would, which takes a second each."""
    started: list[Running] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def serve(self, *options: str, env: Mapping[str, str] | None = None) -> Running:
        """Start the server; again after it ended, on the same port and data."""
        arguments = ["serve", "--data", str(self.home / "data")]
        arguments += ["--host", self.host, "--port", str(self.port)]
        running = self.run("server", *arguments, *options, env=env)
        found = wait_until(
            lambda: re.search(r"serves at http://\S+:(\d+)\s", running.said),
            timeout=50,
            describe=lambda: running.said,
        )
        self.port = int(found[1])
        return running

    def agent(self, name: str = "compute-1", *options: str, service: str = "example:4") -> Running:
        """Start an agent and wait until the server has heard of it."""
        arguments = ["agent", "--server", self.url, "--name", name, "--service", service]
        arguments += ["--work-dir", str(self.home / name)]
        running = self.run(name, *arguments, *options)
        wait_until(lambda: self._is_up(name), timeout=45, describe=lambda: running.said)
        return running

    def run(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Running:
        """Start a joborch command in the background, its stderr in a file."""
        log = self.home / f"{name}-{len(self.started)}.log"
        running = Running(self._started(log, arguments, self.environment(env)), log)
        self.started.append(running)
        return running

    def joborch(self, *arguments: str, **but: Any) -> "subprocess.CompletedProcess[str]":
        """Run a joborch command to its end, as a user of this site would."""
        return subprocess.run(
            [*JOBORCH, *arguments],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env=self.environment({"JOBORCH_SERVER": self.url}),
            **but,
        )

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        own = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("JOBORCH_", "SERVICE_")) and key not in {"PORT", "CI"}
        }
        home = {name: str(self.home / "user") for name in ("HOME", "XDG_STATE_HOME")}
        home["XDG_CONFIG_HOME"] = str(self.home / "user" / "config")
        home["JOBORCH_SITE_CONFIG"] = str(self.home / "site.toml")
        return own | home | dict(extra or {})

    def get(self, path: str, **but: Any) -> httpx.Response:
        return HTTP.get(f"{self.url}{path}", **but)

    def post(self, path: str, **but: Any) -> httpx.Response:
        return HTTP.post(f"{self.url}{path}", **but)

    def submit(
        self,
        script: str = "echo hello\n",
        *,
        user: str = "ann",
        service: str = "example",
        files: Mapping[str, bytes] | None = None,
        **fields: str,
    ) -> list[int]:
        """Submit as a portal would; returns the jobs' ids."""
        parts = {"run.sh": script.encode()} | dict(files or {})
        answer = self.post(
            "/api/v1/jobs",
            data={"user_id": user, "service": service} | fields,
            files=[("file", (name, data)) for name, data in parts.items()],
        )
        assert answer.status_code == 201, answer.text
        return [job["id"] for job in answer.json()["jobs"]]

    def job(self, job_id: int) -> dict[str, Any]:
        return dict(self.get(f"/api/v1/jobs/{job_id}").json())

    def wait(self, job_id: int, until: str = "done") -> dict[str, Any]:
        """Wait for a state and return the job; fails after a minute."""
        until_then = {"wait_s": 50, "until": until}
        return dict(self.get(f"/api/v1/jobs/{job_id}", params=until_then).json())

    def events(self, job_id: int) -> list[dict[str, Any]]:
        return list(self.get(f"/api/v1/jobs/{job_id}/events").json()["items"])

    def _started(
        self, log: Path, arguments: tuple[str, ...], env: Mapping[str, str]
    ) -> "subprocess.Popen[bytes] | warm.Forked":
        if self.is_warm:
            return warm.fork(warm.COMMAND, arguments, env=env, log=log)
        with log.open("wb") as output:
            return subprocess.Popen([*JOBORCH, *arguments], stderr=output, stdout=output, env=env)

    def _is_up(self, name: str) -> bool:
        agents = self.get("/api/v1/agents").json()["items"]
        return any(agent["name"] == name and agent["state"] == "up" for agent in agents)


@contextmanager
def a_site(home: Path, host: str = "127.0.0.1", *, is_warm: bool = True) -> Iterator[Site]:
    """A place for a server and agents; whatever was started there is ended."""
    site = Site(home, host, is_warm=is_warm)
    try:
        yield site
    finally:
        for running in reversed(site.started):
            running.end()
        for folder in home.glob("*/attempts/*"):
            _end_attempt(folder)


def _end_attempt(folder: Path) -> None:
    """End a job that its agent left running, as it is its duty, through its supervisor."""
    phase = phases.inspect(folder)
    if isinstance(phase, phases.Running):
        os.kill(phase.shim_pid, signal.SIGTERM)
        wait_until(lambda: not phases.is_locked(folder), timeout=20)
