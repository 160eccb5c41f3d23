"""Results are removed while they are downloaded, uploaded and reported: all of them or none."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from joborch.server.operations import fetch, report
from joborch.wire.agents import Lease, ResultsSent
from tests.faults.sizes import size
from tests.faults.slow_download import SlowDownload
from tests.support import hand_agent
from tests.support.bench import Bench, ScriptedAgent, a_bench, a_zip
from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.faults

ROUNDS = size(1, nightly=100)
DOWNLOADS = 50
MEBIBYTE = 1024 * 1024
HAD_BYTES = 100_000
"""What some had downloaded before their connection broke."""
GONE = 410


@pytest.mark.timeout(60 + 12 * ROUNDS)
def test_a_download_that_began_before_the_removal_is_whole_and_later_ones_are_refused(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path / "data", max_age="6s") as server:
        agent = HandAgent(server.http)
        for number in range(ROUNDS):
            Removal(server, agent, seed=number).happens()


class Removal:
    """A job's results, downloaded from all sides while their time is up."""

    def __init__(self, server: RunningServer, agent: HandAgent, *, seed: int) -> None:
        self.server = server
        self.content = random.Random(seed).randbytes(4 * MEBIBYTE).hex()[: 4 * MEBIBYTE]  # noqa: S311 - no secret
        self.archive = hand_agent.a_zip({"out.txt": self.content})
        self.job_id = submit(server.http)
        self._finish(agent, agent.take(self.job_id))
        self.path = f"/api/v1/jobs/{self.job_id}/results"

    def happens(self) -> None:
        """Begin the downloads, wait for the removal, and look at what came of them."""
        with ExitStack() as connections:
            begun = [self._begin(number, connections) for number in range(DOWNLOADS)]
            self._is_removed_while_all_ask()
            wait_until(
                lambda: len(self._kept()) == DOWNLOADS, describe=lambda: self.server.open_files
            )
            for download, expected in begun:
                assert download.read_on() == expected
        self._is_refused_from_now_on()

    def _kept(self) -> list[str]:
        """Return the removed files that the server still reads."""
        names = self.server.open_files
        return [name for name in names if "/trash/" in name and "(deleted)" in name]

    def _is_removed_while_all_ask(self) -> None:
        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(lambda: [*self._until_gone()]) for _ in range(4)]
            last = {answers.result()[-1] for answers in asking}
        assert last == {GONE}
        wait_until(lambda: not [*(self.server.data / "results").glob("*/*")])

    def _begin(self, number: int, connections: ExitStack) -> tuple[SlowDownload, bytes]:
        """Begin a download of one of four kinds; returns with it what it has to bring."""
        address, etag = self.server.address, f'"{hashlib.sha256(self.archive).hexdigest()}"'
        rest = f"bytes={HAD_BYTES}-"
        download, status, expected = (
            lambda: (SlowDownload(address, self.path), 200, self.archive),
            lambda: (
                SlowDownload(address, self.path, Range=rest, If_Range=etag),
                206,
                self.archive[HAD_BYTES:],
            ),
            lambda: (SlowDownload(address, f"/download/{self.job_id}"), 200, self.archive),
            lambda: (
                SlowDownload(address, f"/api/v1/jobs/{self.job_id}/files/result/out.txt"),
                200,
                self.content.encode(),
            ),
        )[number % 4]()
        connections.callback(download.close)
        assert download.status == status
        return download, expected

    def _until_gone(self) -> Iterator[int]:
        """Download again and again; each time it is all there, until there is nothing."""
        with httpx.Client(base_url=self.server.url, trust_env=False, timeout=50) as client:
            status = 200
            while status == 200:
                answer = client.get(self.path)
                status = answer.status_code
                assert status == GONE or answer.content == self.archive
                yield status

    def _is_refused_from_now_on(self) -> None:
        http = self.server.http
        resumed = http.get(self.path, headers={"Range": f"bytes={HAD_BYTES}-"})
        assert (resumed.status_code, resumed.json()["code"]) == (GONE, "results_gone")
        assert http.get(f"/api/v1/jobs/{self.job_id}/files/result/out.txt").status_code == GONE
        of_original = http.get(f"/download/{self.job_id}")
        assert (of_original.status_code, of_original.headers["x-job-status"]) == (204, "Cleaned")

    def _finish(self, agent: HandAgent, lease: Lease) -> None:
        agent.call(
            "PUT",
            f"/results/{lease.job_id}/{lease.attempt}",
            headers={"Lease-Token": lease.token},
            content=self.archive,
        ).raise_for_status()
        results = {
            "size_bytes": len(self.archive),
            "sha256": hashlib.sha256(self.archive).hexdigest(),
        }
        said = {
            "job_id": lease.job_id,
            "attempt": lease.attempt,
            "token": lease.token,
            "outcome": "completed",
            "exit_code": 0,
            "results": results,
        }
        agent.call("POST", "/reports", json=[said]).raise_for_status()


@pytest.mark.parametrize("seed", range(size(5, nightly=100)))
def test_a_report_and_its_repetition_race_with_the_removal(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret

    async def story() -> None:
        async with a_bench(tmp_path, max_age="1s") as bench:
            await bench.submit(array="1-2")
            agent = await bench.agent(slots=2)
            leases = await agent.take(2)
            archive = a_zip(out="1" * 10_000)

            async def clean_on() -> None:
                for _ in range(20):
                    bench.clock.advance(seconds=dice.choice((0, 1, 2)))
                    await bench.clean()

            reports = [agent.report(lease, results=archive) for lease in leases * 2]
            told = await asyncio.gather(*reports, clean_on())
            bench.clock.advance(seconds=2)
            await bench.clean()

            assert sorted(filter(None, told)) == ["already_recorded"] * 2 + ["recorded"] * 2
            assert not [*tmp_path.glob("results/*/*.zip")]
            assert not [*tmp_path.glob("incoming/*")]
            for lease in leases:
                job = await bench.job(lease.job_id)
                assert (job.state.value, job.has_results) == ("completed", False)
                assert (await bench.told(lease.job_id))[-2:] == ["complete", "results_removed"]

    asyncio.run(story())


def test_an_upload_under_way_outlives_every_removal(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="1s") as bench:
            lost, done = (await bench.submit(array="1-2")).jobs
            agent = await bench.agent(slots=2)
            first, second = await agent.take(2)
            archive = random.Random(1).randbytes(10_000)  # noqa: S311 - no secret
            await upload(bench, agent, first, archive[:4000], offset=0)
            await agent.report(second, results=a_zip(out="1"))
            bench.clock.advance(hours=1)
            await bench.rescue()
            await bench.clean()
            assert not (await bench.job(done.id)).has_results
            assert (await bench.job(lost.id)).state.value == "queued"

            await upload(bench, agent, first, archive[4000:], offset=4000)
            digest = hashlib.sha256(archive).hexdigest()
            uploaded = ResultsSent(size_bytes=len(archive), sha256=digest)
            assert await agent.report(first, sent=uploaded) == "recorded"
            parts = bench.parts
            served = await fetch.results(lost.id, database=parts.database, blobs=parts.blobs)
            with served.file as file:
                assert file.read() == archive

    asyncio.run(story())


async def upload(
    bench: Bench, agent: ScriptedAgent, lease: Lease, data: bytes, *, offset: int
) -> None:
    """Send a part of an attempt's results."""

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    await report.receive(
        agent.agent,
        lease.job_id,
        lease.attempt,
        lease.token,
        offset=offset,
        chunks=chunks(),
        database=bench.parts.database,
        blobs=bench.parts.blobs,
    )
