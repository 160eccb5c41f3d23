import asyncio
import statistics
import time
from pathlib import Path

import pytest

from joborch.client import Orchestrator, Submission
from tests.support.site import Running, Site

pytestmark = pytest.mark.alone


def test_a_small_job_takes_well_under_a_tenth_of_a_second(site: Site, tmp_path: Path) -> None:
    """From the call of submit to the results on disk; the best half, as machines are noisy."""
    site.agent()

    async def once(server: Orchestrator, number: int) -> float:
        began = time.perf_counter()
        files = {"run.sh": b"exit 0\n"}
        accepted = await server.submit(Submission(service="example", user_id="ann", files=files))
        (job,) = await server.wait([accepted.jobs[0].id])
        await server.download(job.id, tmp_path / f"{number}.zip")
        assert job.state == "completed"
        return time.perf_counter() - began

    async def story() -> list[float]:
        async with Orchestrator(site.url) as server:
            return [await once(server, number) for number in range(20)]

    took = sorted(asyncio.run(story()))
    assert statistics.median(took[:10]) < 0.1, took


def test_an_idle_server_and_agent_use_no_cpu_and_write_nothing(site: Site) -> None:
    agent, server = site.agent(), site.started[0]
    (job_id,) = site.submit()
    site.wait(job_id)
    before = [spent(server), spent(agent)]
    time.sleep(3)  # resting is what is measured here
    after = [spent(server), spent(agent)]
    ticks = [now[0] - then[0] for then, now in zip(before, after, strict=True)]
    written = [now[1] - then[1] for then, now in zip(before, after, strict=True)]
    assert max(ticks) <= 1, "hundredths of a second of CPU, server and agent"
    assert written == [0, 0], "bytes, server and agent"


def spent(running: Running) -> tuple[int, int]:
    """CPU time in clock ticks and bytes written to disk, since the process began."""
    proc = Path("/proc") / str(running.process.pid)
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    facts = dict(line.split(": ") for line in (proc / "io").read_text().splitlines())
    return int(fields[11]) + int(fields[12]), int(facts["write_bytes"])
