"""Starting the originals' stand-ins, and asking them for faults."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class StandIn:
    """A program of the original's, or what stands in for it."""

    command: tuple[str, ...]
    port: int
    home: Path
    env: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.home / "data"

    def start(self) -> None:
        """Start it; again after it ended, on the same port and directory."""
        own = {"DATA_PATH": str(self.data), "DB_PATH": str(self.home / "db.sqlite")}
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, str(self.port)],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], **own, **self.env},
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, timeout=30, describe=(self.home / "log").read_text)

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def restart(self) -> None:
        self.end()
        self.start()

    def goes_wrong(self, path: str, kind: str, *, times: int = 1) -> None:
        """Have the next requests to a path go wrong."""
        fault = {"path": path, "kind": kind, "times": times}
        httpx.post(f"{self.url}/faults", json=fault, timeout=30).raise_for_status()

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=60)

    def _answers(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def a_stand_in(
    kind: str, generation: str, home: Path, env: Mapping[str, str] | None = None
) -> Iterator[StandIn]:
    """Run the ``client`` or ``server`` of a generation, ``v1`` or ``v2``, until the block ends."""
    home.mkdir(parents=True)
    command = (sys.executable, "-m", f"tests.support.originals.{kind}", generation)
    made = StandIn(command, free_port(), home, env or {})
    try:
        made.start()
        yield made
    finally:
        made.end()
        _end_jobs(made.data)


def _end_jobs(data: Path) -> None:
    """End what runs in a client's directory: the original leaves it running."""
    for process in psutil.process_iter(["cwd"]):
        if Path(process.info["cwd"] or "/").is_relative_to(data):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
