"""Measures how long a job that does nothing takes: ``python -m benchmarks.latency --help``.

From the call of submit to the ZIP on disk, by the SDK of this checkout, on a site with one agent
that has nothing else to do. With ``--against`` a second ``joborch``, of another version, has a site
of its own, and the jobs go to both in turn: what disturbs the machine disturbs both.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from joborch.client import Orchestrator, Submission

NOTHING = b"#!/bin/bash\nexit 0\n"
HELLO = re.compile(r"serves at (http://\S+)")
HERE = (sys.executable, "-m", "joborch")
WARM_UP = 10
PATIENCE_S = 30


@contextmanager
def a_site(command: Sequence[str], home: Path) -> Iterator[str]:
    """Run a server with its agent; yields the address, and ends both."""
    home.mkdir()
    said = home / "said"
    words = (
        "serve",
        "--agent",
        "--service",
        "example:per_user=50",
        "--port",
        "0",
        "--data",
        "data",
    )
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    with said.open("wb") as log:
        site = subprocess.Popen([*command, *words], cwd=home, env=env, stderr=log)
    try:
        yield _address(site, said)
    finally:
        site.terminate()
        site.wait(timeout=PATIENCE_S)


def _address(site: "subprocess.Popen[bytes]", said: Path) -> str:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and site.poll() is None:
        if found := HELLO.search(said.read_text()):
            return found[1]
        time.sleep(0.05)
    raise SystemExit(f"no server: {said.read_text()}")


async def one_job(server: Orchestrator, home: Path) -> float:
    """Submit a job and bring its results home; returns the seconds that took."""
    began = time.perf_counter()
    accepted = await server.submit(
        Submission(service="example", user_id="ann", files={"run.sh": NOTHING})
    )
    (job,) = await server.wait([accepted.jobs[0].id])
    await server.download(job.id, home / f"{job.id}.zip")
    if job.state != "completed":
        raise SystemExit(f"job {job.id} is {job.state}: {job.reason}")
    return time.perf_counter() - began


def bare(jobs: int, home: Path) -> list[float]:
    """Return how long the same script takes without anything around it, in seconds."""
    script = home / "run.sh"
    script.write_bytes(NOTHING)
    took = []
    for _ in range(jobs):
        began = time.perf_counter()
        subprocess.run(["bash", str(script)], check=True)
        took.append(time.perf_counter() - began)
    return took


async def measured(urls: dict[str, str], jobs: int, home: Path) -> dict[str, list[float]]:
    """Return the seconds of each job at each site, the sites taking turns."""
    took: dict[str, list[float]] = {name: [] for name in urls}
    for number in range(WARM_UP + jobs):
        for name, url in urls.items():
            async with Orchestrator(url) as server:
                seconds = await one_job(server, home / name)
            if number >= WARM_UP:
                took[name].append(seconds)
    return took


def summary(took: list[float]) -> dict[str, float]:
    """Return the median and the 99th percentile in milliseconds."""
    ordered = sorted(took)
    return {
        "p50_ms": round(statistics.median(ordered) * 1000, 1),
        "p99_ms": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1000, 1),
    }


def main() -> None:
    """Measure, and print a table or one JSON document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--jobs", type=int, default=100, help="measured at each site")
    parser.add_argument("--against", metavar="JOBORCH", help="the program of another version")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    commands: dict[str, Sequence[str]] = {"this": HERE}
    if chosen.against:
        commands["other"] = (chosen.against,)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as sites:
        home = Path(folder)
        urls = {
            name: sites.enter_context(a_site(command, home / name))
            for name, command in commands.items()
        }
        took = {"bare bash": bare(chosen.jobs, home)}
        took |= asyncio.run(measured(urls, chosen.jobs, home))
    told = {name: summary(seconds) for name, seconds in took.items()}
    if chosen.json:
        text = json.dumps({"jobs": chosen.jobs, "cores": os.cpu_count(), **told})
    else:
        text = table(told, chosen.jobs)
    sys.stdout.write(f"{text}\n")


def table(told: dict[str, dict[str, float]], jobs: int) -> str:
    """Write the figures as a table in Markdown."""
    least = told["bare bash"]["p50_ms"]
    rows = [
        f"| {name} | {times['p50_ms']} ms | {times['p99_ms']} ms | {times['p50_ms'] / least:.1f} |"
        for name, times in told.items()
    ]
    head = ["| | p50 | p99 | p50 / bare |", "|---|---|---|---|"]
    return "\n".join([f"{jobs} jobs each, {os.cpu_count()} cores", "", *head, *rows])


if __name__ == "__main__":
    main()
