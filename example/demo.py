"""Thirty real jobs of three users on two agents, and what became of them.

Everything runs on this machine, on a port of its own and in a temporary directory, and is ended
and removed in the end. The part from ``submit_everything`` on is all that a user of the SDK needs.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from joborch.client import Orchestrator, Submission
from joborch.wire.events import EventView
from joborch.wire.jobs import JobView

HERE = Path(__file__).parent
CONTACTS = {name: HERE / "contacts" / name for name in ("run.sh", "complex.pdb")}
SERVICES = ("contacts:per_user=2,max=4", "hello:per_user=3")
EXPECTED = {"broken": "failed", "endless": "cancelled"}
"""How jobs of these names are meant to end; all others complete."""
CHART_WIDTH = 36


def main() -> int:
    """Run the demo; 0 if every job ended as it should."""
    with tempfile.TemporaryDirectory(prefix="joborch-demo-") as directory, ExitStack() as running:
        home = Path(directory)
        url = running.enter_context(a_server(home))
        for number in (1, 2):
            running.enter_context(an_agent(home, url, f"compute-{number}"))
        try:
            return asyncio.run(demonstrate(url, home))
        except BaseException:
            for log in sorted(home.glob("*.log")):
                say(f"--- {log.name}\n{log.read_text()}")
            raise


@contextmanager
def a_server(home: Path) -> Iterator[str]:
    """Run ``joborch serve`` on a free port and yield its address."""
    options = ["--port", "0", "--data", str(home / "data")]
    for service in SERVICES:
        options += ["--service", service]
    with a_process(home / "server.log", "serve", *options) as server:
        yield first_address(home / "server.log", server)


@contextmanager
def an_agent(home: Path, url: str, name: str) -> Iterator[None]:
    """Run ``joborch agent`` with three slots for each service."""
    options = ["--server", url, "--name", name, "--work-dir", str(home / name)]
    with a_process(
        home / f"{name}.log", "agent", *options, "--service", "contacts:3", "--service", "hello:3"
    ):
        yield


@contextmanager
def a_process(log: Path, *command: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a joborch command beside this one and end it, by its own id, in the end."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("JOBORCH_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "joborch.cli.main", *command], stderr=output, env=own
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def first_address(log: Path, server: "subprocess.Popen[bytes]") -> str:
    """Wait until the server says where it listens."""
    deadline = time.monotonic() + 20
    while server.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"serves at (\S+)\s", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start (status {server.poll()})")


async def demonstrate(url: str, home: Path) -> int:
    """Submit, cancel one, wait, and show what happened."""
    async with Orchestrator(url) as server, asyncio.timeout(50):
        ids = await submit_everything(server)
        say(f"submitted {len(ids)} jobs of 3 users to 2 services on 2 agents\n")
        await cancel_the_endless_one(server, ids)
        await say_why_one_waits(server, ids)
        jobs = await server.wait(ids)
        histories = {job.id: await server.history(job.id) for job in jobs}
        show_table(jobs, histories)
        await show_a_result(server, home, jobs)
        await show_explanations(server, jobs)
    wrong = [job for job in jobs if job.state != EXPECTED.get(job.name, "completed")]
    for job in wrong:
        say(f"WRONG: job {job.id} ({job.name}) ended as {job.state}: {job.reason}")
    say(f"\n{len(jobs) - len(wrong)} of {len(jobs)} jobs ended as they should")
    return 1 if wrong else 0


async def submit_everything(server: Orchestrator) -> list[int]:
    """Submit arrays of real work for ann and bob, single jobs for cem."""
    hello = {"run.sh": HERE / "hello" / "run.sh"}
    quick = {"HELLO_SECONDS": "0.7"}
    broken = {"run.sh": b"#!/bin/sh\necho 'no such structure' >&2\nexit 3\n"}
    endless = {"run.sh": b"#!/bin/sh\ntouch started\nsleep 3600\n"}
    wanted = [
        Submission(
            service="contacts", user_id="ann", name="interface", files=CONTACTS, array="1-8"
        ),
        Submission(
            service="hello", user_id="ann", name="hello", files=hello, array="1-8", env=quick
        ),
        Submission(
            service="contacts", user_id="bob", name="interface", files=CONTACTS, array="1-6"
        ),
        Submission(service="hello", user_id="bob", name="endless", files=endless),
        Submission(
            service="hello", user_id="cem", name="hello", files=hello, array="1-5", env=quick
        ),
        Submission(service="contacts", user_id="cem", name="broken", files=broken),
        Submission(service="contacts", user_id="cem", name="urgent", files=CONTACTS, priority=90),
    ]
    answers = [await server.submit(each) for each in wanted]
    return [job.id for answer in answers for job in answer.jobs]


async def cancel_the_endless_one(server: Orchestrator, ids: list[int]) -> None:
    """Cancel the job that would run for an hour, once it runs."""
    endless = next(job for job in await server.jobs_by_id(ids) if job.name == "endless")
    await server.wait([endless.id], until="running")
    await server.cancel(endless.id, reason="changed his mind", by="bob")


async def say_why_one_waits(server: Orchestrator, ids: list[int]) -> None:
    """Explain one of the jobs that a quota or a full agent keeps waiting at this moment."""
    waiting = [job for job in await server.jobs_by_id(ids) if job.state == "queued"]
    for job in reversed(waiting):
        why = await server.explain(job.id)
        if why.reason not in {None, "next"}:
            say(f"why does {job.id} wait?  {why.reason}: {why.message}\n")
            return


def show_table(jobs: list[JobView], histories: dict[int, list[EventView]]) -> None:
    """Print a line a job: who, what, how it ended, and when it waited (·) and ran (█)."""
    begin = min(job.submitted_at for job in jobs).timestamp()
    end = max(job.finished_at.timestamp() for job in jobs if job.finished_at)
    say(f"{'id':>3} {'user':4} {'service':8} {'name':12} {'state':10} {'agent':9} · waits  █ runs")
    for job in jobs:
        name = job.name if job.array_index is None else f"{job.name}[{job.array_index}]"
        bar = timeline(job, histories[job.id], begin, end - begin)
        reason = f"  {job.reason}" if job.reason else ""
        say(
            f"{job.id:>3} {job.user_id:4} {job.service:8} {name:12} {job.state:10} "
            f"{job.agent or '-':9} {bar}{reason}"
        )


def timeline(job: JobView, history: list[EventView], begin: float, span: float) -> str:
    """Draw when a job waited and ran."""
    moments = {event.event: event.at.timestamp() for event in history}
    ended = job.finished_at.timestamp() if job.finished_at else begin + span
    started = moments.get("assign", ended)
    columns = [
        round((at - begin) / span * CHART_WIDTH)
        for at in (job.submitted_at.timestamp(), started, ended)
    ]
    first, second, third = columns
    third = max(third, min(second + 1, CHART_WIDTH))
    bar = " " * first + "·" * (second - first) + "█" * (third - second)
    return bar[:CHART_WIDTH].ljust(CHART_WIDTH)


async def show_a_result(server: Orchestrator, home: Path, jobs: list[JobView]) -> None:
    """Fetch the urgent job's results and print what it found."""
    urgent = next(job for job in jobs if job.name == "urgent")
    names = await server.fetch(urgent.id, home / "results")
    say(f"\nresults of job {urgent.id}: {', '.join(sorted(names))}")
    for name in ("summary.txt", "contacts.csv"):
        head = (home / "results" / name).read_text().splitlines()[:6]
        say(f"--- {name}\n" + "\n".join(head))


async def show_explanations(server: Orchestrator, jobs: list[JobView]) -> None:
    """Say why the two odd jobs ended as they did."""
    say("")
    for job in jobs:
        if job.name in EXPECTED:
            log = (await server.log(job.id, stream="stderr")).decode().strip()
            why = await server.explain(job.id)
            say(f"job {job.id} ({job.name}): {why.message}" + (f" · stderr: {log}" if log else ""))


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
