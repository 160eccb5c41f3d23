"""The wall clock is set, by an hour or by a month, forward and back, whatever is going on.

No lease runs out of it, nothing is removed too early, no write is refused, and nobody is told of a
job that took a month or less than nothing.
"""

import asyncio
import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from joborch.server.operations.explain import explain
from tests.faults.faked_time import faked_time
from tests.faults.sizes import size
from tests.support.bench import Bench, a_bench, a_zip
from tests.support.site import Site, a_site
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

HOUR, MONTH = 1, 30 * 24
JUMPS = (-MONTH, -HOUR, HOUR, MONTH)
STAGES = ("submitted", "put back", "assigned", "started", "reported")
EVERYDAY = ((-MONTH, "put back"), (-HOUR, "assigned"), (HOUR, "submitted"), (MONTH, "started"))


@pytest.mark.parametrize(
    ("hours", "stage"), size(list(EVERYDAY), nightly=list(itertools.product(JUMPS, STAGES)))
)
def test_a_job_goes_its_way_when_the_clock_is_set(hours: int, stage: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="48h") as bench:
            life = Life(bench, hours=hours, jumps_after=stage)
            job_id = await life.lead()

            job = await bench.job(job_id)
            assert (job.state.value, job.attempt, job.has_results) == ("completed", 2, True)
            assert job.assigned_at
            assert job.started_at
            assert job.finished_at
            assert job.submitted_at <= job.finished_at
            assert timedelta(0) <= job.finished_at - job.started_at <= timedelta(minutes=3)
            assert await bench.told(job_id) == [
                "submit", "assign", "requeue", "assign", "start", "complete",
            ]  # fmt: skip
            numbers = [event.seq for event in await bench.history(job_id)]
            assert numbers == sorted(numbers)
            assert (await bench.submit(key="once")).jobs[0].id == job_id
            assert await bench.counter_drift() == []

    asyncio.run(story())


class Life:
    """A job from its submission to its end, in which the clock jumps once."""

    def __init__(self, bench: Bench, *, hours: int, jumps_after: str) -> None:
        self.bench = bench
        self.hours = hours
        self.jumps_after = jumps_after

    async def lead(self) -> int:
        """Have it submitted, lost once, run for two minutes and completed; returns its id."""
        bench = self.bench
        accepted = await bench.submit(key="once")
        await self.reaches("submitted", accepted.jobs[0].id)
        agent = await bench.agent()
        (first,) = await agent.take()
        await agent.report(first, "lost", reason="power cut")
        await self.reaches("put back", first.job_id)
        bench.clock.advance(seconds=11)
        (second,) = await agent.take()
        await self.reaches("assigned", first.job_id)
        await agent.start(second)
        await self.reaches("started", first.job_id)
        bench.clock.advance(minutes=2)
        await agent.poll()
        await agent.report(second, results=a_zip(out="1"), started_ago_s=120.0, ended_ago_s=0.0)
        await self.reaches("reported", first.job_id)
        bench.clock.advance(minutes=1)
        await bench.clean()
        return first.job_id

    async def reaches(self, stage: str, job_id: int) -> None:
        """Let the clock jump here, if it is to; nothing may come of that."""
        before = await self.bench.job(job_id)
        if stage == self.jumps_after:
            self.bench.clock.jump(hours=self.hours)
        await self.bench.rescue()
        await self.bench.clean()
        assert await self.bench.job(job_id) == before
        parts = self.bench.parts
        (told,) = await explain(
            [job_id],
            database=parts.database,
            catalog=parts.catalog,
            roll=parts.roll,
            clock=parts.clock,
        )
        assert "-" not in told.message


def test_after_a_jump_nothing_is_removed_for_an_hour(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="48h") as bench:
            job_id = await a_finished_job(bench)
            bench.clock.jump(hours=MONTH)
            assert await bench.clean() == 600
            bench.clock.advance(minutes=59)
            assert await bench.clean() == 60
            assert (await bench.job(job_id)).has_results
            bench.clock.advance(minutes=1)
            await bench.clean()
            assert not (await bench.job(job_id)).has_results

    asyncio.run(story())


def test_who_sets_the_clock_right_within_an_hour_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="48h") as bench:
            job_id = await a_finished_job(bench)
            bench.clock.jump(hours=MONTH)
            await bench.clean()
            bench.clock.advance(minutes=50)
            bench.clock.jump(hours=-MONTH)
            await bench.clean()
            bench.clock.advance(hours=47)
            await bench.clean()
            assert (await bench.job(job_id)).has_results
            bench.clock.advance(hours=1)
            await bench.clean()
            assert not (await bench.job(job_id)).has_results

    asyncio.run(story())


def test_what_ended_while_the_clock_was_back_is_kept_for_its_time(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="48h") as bench:
            await bench.submit()
            agent = await bench.agent()
            (lease,) = await agent.take()
            bench.clock.jump(hours=-MONTH)
            await agent.report(lease, results=a_zip(out="1"))
            await bench.clean()
            bench.clock.jump(hours=MONTH)
            await bench.clean()
            bench.clock.advance(hours=47)
            await bench.clean()
            assert (await bench.job(lease.job_id)).has_results

    asyncio.run(story())


def test_a_clock_that_is_corrected_little_by_little_has_not_jumped(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="48h") as bench:
            job_id = await a_finished_job(bench)
            bench.clock.advance(hours=48)
            bench.clock.jump(minutes=4)
            await bench.clean()
            assert not (await bench.job(job_id)).has_results

    asyncio.run(story())


async def a_finished_job(bench: Bench) -> int:
    await bench.submit()
    agent = await bench.agent()
    (lease,) = await agent.take()
    await agent.report(lease, results=a_zip(out="1"))
    return lease.job_id


@pytest.mark.parametrize("hours", size([MONTH], nightly=list(JUMPS)))
@pytest.mark.parametrize("whose", ["server", "agent"])
def test_what_runs_does_not_notice(whose: str, hours: int, tmp_path: Path) -> None:
    faked = faked_time(tmp_path)
    (tmp_path / "home").mkdir()
    with a_site(tmp_path / "home", is_warm=False) as site:
        start(site, {whose: faked.environment})
        gate = tmp_path / "gate"
        (running,) = site.submit(f"while ! [ -e {gate} ]; do sleep 0.02; done\n")
        site.wait(running, until="running")

        faked.set(hours)
        (later,) = site.submit()
        ended = site.wait(later)
        assert site.job(running)["state"] == "running"
        gate.touch()

        for job in (ended, site.wait(running)):
            assert (job["state"], job["attempt"]) == ("completed", 1)
            assert job["results"]["size_bytes"] > 0
            assert timedelta(0) <= run_time(job) < timedelta(minutes=2)
        assert all(running.process.poll() is None for running in site.started)


def start(site: Site, environments: Mapping[str, Mapping[str, str]]) -> None:
    """Start a server and an agent, each in its environment."""
    site.serve("--service", "example", env=environments.get("server"))
    options = ["--server", site.url, "--name", "compute-1", "--service", "example:2"]
    options += ["--work-dir", str(site.home / "compute-1")]
    site.run("compute-1", "agent", *options, env=environments.get("agent"))
    wait_until(lambda: site.get("/api/v1/agents").json()["items"])


def run_time(job: Mapping[str, Any]) -> timedelta:
    """Return how long a job took, as its times say."""
    started_at, finished_at = job["started_at"], job["finished_at"]
    return datetime.fromisoformat(finished_at) - datetime.fromisoformat(started_at)
