"""Measures ``joborch top`` and the start of commands: ``python -m benchmarks.top --help``.

Prints a Markdown table with the bars of B11 and B13 of the design. Each number is of one run on one
machine; what counts is the order of magnitude, and the ratio to the bare interpreter.
"""

import argparse
import asyncio
import fcntl
import os
import pty
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from benchmarks.top_site import BusySite, listening

CLEAN = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color", "LOGNAME": "ann"}
JOBORCH = (sys.executable, "-m", "joborch")
STARTS = 9
KEYS = 10
LOADED = "\u25cf live"
SELECTION = "\u258c"
SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
TICK_S = 0.02


@dataclass(slots=True)
class Screen:
    """A dashboard on a pseudo-terminal that takes ``rate`` bytes a second, or 0 for any number."""

    process: "subprocess.Popen[bytes]"
    master: int
    rate: int
    seen: bytearray = field(default_factory=bytearray)
    allowed: float = 0.0

    @property
    def text(self) -> str:
        """Everything that was drawn, without colours and places."""
        return SEQUENCES.sub("", self.seen.decode(errors="replace"))

    async def read(self) -> None:
        """Take in what is drawn, no faster than the line carries it."""
        before = time.monotonic()
        os.set_blocking(self.master, False)
        while True:
            now = time.monotonic()
            self.allowed = min(self.allowed + (now - before) * self.rate, max(self.rate / 5, 1))
            before = now
            room = int(self.allowed) if self.rate else 65536
            try:
                piece = os.read(self.master, room) if room else b""
            except BlockingIOError:
                piece = b""
            except OSError:
                return
            self.seen += piece
            self.allowed -= len(piece)
            await asyncio.sleep(TICK_S if self.rate or not piece else 0)

    async def until(self, what: str, *, after: int = 0, limit_s: float = 90) -> float:
        """Wait until this was drawn; returns the time."""
        deadline = time.monotonic() + limit_s
        while what not in SEQUENCES.sub("", self.seen[after:].decode(errors="replace")):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what!r} was not drawn: {self.text[-500:]!r}")
            await asyncio.sleep(0.002)
        return time.monotonic()

    async def key_to_paint(self, key: str) -> float:
        """Press a key, and wait until the selection was drawn elsewhere; a minute at most."""
        began, after = time.monotonic(), len(self.seen)
        os.write(self.master, key.encode())
        with suppress(TimeoutError):
            await self.until(SELECTION, after=after, limit_s=60)
        return time.monotonic() - began


@contextmanager
def screen(
    url: str, home: str, *, size: tuple[int, int], rate: int, theme: str
) -> Iterator[Screen]:
    """Start the dashboard."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    more = {"SSH_CONNECTION": "far"} if rate else {}
    process = subprocess.Popen(
        [*JOBORCH, "top", "--server", url, *(("--theme", theme) if theme else ())],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=CLEAN | {"HOME": home, **more},
    )
    os.close(slave)
    try:
        yield Screen(process, master, rate)
    finally:
        process.kill()
        process.wait()
        os.close(master)


async def live(given: argparse.Namespace, home: str) -> dict[str, float]:
    """Measure one dashboard over a busy site."""
    site, found = BusySite(given.jobs, given.rate), dict[str, float]()
    began = time.monotonic()
    async with listening(site) as url:
        with screen(url, home, size=given.size, rate=given.bits // 8, theme=given.theme) as shown:
            reading = asyncio.create_task(shown.read())
            found["first paint s"] = await shown.until("joborch top") - began
            found["bytes of the first frame"] = len(shown.seen)
            found["all jobs shown s"] = await shown.until(LOADED) - began
            found["bytes until then"] = len(shown.seen)
            await asyncio.sleep(3)
            process = psutil.Process(shown.process.pid)
            used, told, drawn = sum(process.cpu_times()[:2]), site.told, len(shown.seen)
            start = time.monotonic()
            await asyncio.sleep(given.seconds)
            lasted = time.monotonic() - start
            found["CPU %"] = 100 * (sum(process.cpu_times()[:2]) - used) / lasted
            found["events/s"] = (site.told - told) / lasted
            found["bytes/s"] = (len(shown.seen) - drawn) / lasted
            times = [await shown.key_to_paint("j") for _ in range(KEYS)]
            found["key to paint ms, median"] = 1000 * statistics.median(times)
            found["key to paint ms, worst"] = 1000 * max(times)
            found["memory MiB"] = process.memory_info().rss / 2**20
            reading.cancel()
    return found


def starts(home: str) -> dict[str, float]:
    """Measure how long commands take that do next to nothing."""
    commands = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "joborch --help": (*JOBORCH, "--help"),
        "joborch status (refused)": (*JOBORCH, "status", "--server", "http://127.0.0.1:1"),
    }
    return {f"{name}, ms": _median_ms(command, home) for name, command in commands.items()}


def _median_ms(command: tuple[str, ...], home: str) -> float:
    times = []
    for _ in range(STARTS):
        began = time.monotonic()
        subprocess.run(command, capture_output=True, check=False, env=CLEAN | {"HOME": home})
        times.append(time.monotonic() - began)
    return 1000 * statistics.median(times)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=500, help="events a second")
    parser.add_argument("--seconds", type=float, default=10, help="how long to look")
    parser.add_argument("--size", type=_size, default=(200, 60), help="WIDTHxHEIGHT")
    parser.add_argument("--bits", type=int, default=0, help="a second, of the line; 0: any number")
    parser.add_argument("--theme", default="")
    parser.add_argument("--starts", action="store_true", help="measure the start of commands too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        found = starts(home) if given.starts else {}
        found |= asyncio.run(live(given, home))
    sys.stdout.write("| measure | value |\n| --- | --- |\n")
    for name, value in found.items():
        sys.stdout.write(f"| {name} | {value:,.{2 if value < 10 else 0}f} |\n")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


if __name__ == "__main__":
    main()
