"""A real server: a process of its own, on a socket, over a database and files in a directory."""

import os
import re
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support import warm
from tests.support.waiting import wait_until

_HELLO = re.compile(r"joborch serves at (\S+)")
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Not used; each client would read the certificates of the world for one of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server that a test started."""

    url: str
    data: Path
    process: warm.Forked
    log_path: Path
    http: httpx.Client

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        return url.host, url.port or 80

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    @property
    def staged(self) -> list[str]:
        """What is left of uploads under way."""
        return sorted(path.name for path in (self.data / "staging").iterdir())

    @property
    def payloads(self) -> int:
        return len([*(self.data / "payloads").glob("*/*")])

    @property
    def open_files(self) -> list[str]:
        """The names of what it has open, but for what it closes this moment."""
        names: list[str] = []
        for path in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                names.append(str(path.readlink()))
        return names

    def peak_memory(self) -> int:
        """Return the most bytes that the process has held at a time."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]  # Linux has it

    def cpu_s(self) -> float:
        """Return how much processor time it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        """End it as an operator does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(45)


@contextmanager
def running_server(data: Path, **flags: Any) -> Iterator[RunningServer]:
    """Run a server with these settings until the block ends."""
    given = {"port": 0, "service": ["example"], "poll_s": "25s", "reserve": "1M", **flags}
    log_path = data.parent / f"{data.name}.log"
    settings = {"data": str(data), **given}
    process = warm.fork(warm.SERVER, settings, env=os.environ, log=log_path)
    try:
        found = wait_until(
            lambda: _HELLO.search(log_path.read_text()) or process.poll() is not None,
            timeout=30,
            describe=log_path.read_text,
        )
        assert isinstance(found, re.Match), log_path.read_text()
        with httpx.Client(base_url=found[1], trust_env=False, verify=_TLS, timeout=60) as http:
            http.get("/health").raise_for_status()
            yield RunningServer(
                url=found[1], data=data, process=process, log_path=log_path, http=http
            )
    finally:
        process.kill()
        process.wait()
