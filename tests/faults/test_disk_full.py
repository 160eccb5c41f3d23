"""Every disk of a site is full once, at each thing that is to be written there.

What was acknowledged stays, nothing half written is believed, and once there is room again all of
it goes on.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from joborch.domain.errors import DiskFullError
from joborch.server.blobs import Blobs
from tests.faults import invariants
from tests.faults.sizes import size
from tests.faults.small_disk import MEBIBYTE, SmallDisk, small_disk
from tests.support.site import Running, Site, a_site
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(120),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk of its own"),
]

WAITS = 'while ! [ -e "{gate}" ]; do sleep 0.02; done\n'
LEAVES_3_MIB = "head -c 3145728 /dev/urandom >out\n"
FULL = "No space left on device"
ONE_PAGE = 4096
"""So much is left that the server tries to write, and so little that it cannot."""


class Place:
    """A site on disks that can be filled, and the gate that its jobs wait for."""

    def __init__(self, home: Path, stack: ExitStack, **disks: int) -> None:
        """Mount ``disks``, by the name of a directory below ``home``, in MiB."""
        home.mkdir(exist_ok=True)
        self.disks: dict[str, SmallDisk] = {
            name: stack.enter_context(small_disk(home / name, mebibytes))
            for name, mebibytes in disks.items()
        }
        self.site: Site = stack.enter_context(a_site(home, is_warm=False))
        self.gate = home / "gate"
        self.env = {"JOBORCH_RESERVE": "1"}
        self.database = home / ("db" if "db" in disks else "data") / "joborch.db"
        self.env["JOBORCH_DB"] = str(self.database)

    def serve(self) -> Running:
        return self.site.serve("--service", "example:per_user=9", env=self.env)

    def submit_waiting(self, then: str = LEAVES_3_MIB) -> int:
        """Submit a job that waits for the gate; returns once it runs."""
        (job_id,) = self.site.submit(WAITS.format(gate=self.gate) + then)
        self.site.wait(job_id, until="running")
        return job_id

    def refusal(self) -> tuple[int, str]:
        """Submit in vain; returns the status and the code of the answer."""
        answer = self.site.post(
            "/api/v1/jobs",
            data={"user_id": "ann", "service": "example"},
            files=[("file", ("run.sh", b"echo hello\n"))],
        )
        return answer.status_code, answer.json().get("code", "")

    def check(self, *completed: int) -> None:
        """Jobs have completed, with the results that they announced, and everything is sound."""
        for job_id in completed:
            job = self.site.wait(job_id)
            assert (job["state"], job["attempt"]) == ("completed", 1), job
            results = self.site.get(f"/api/v1/jobs/{job_id}/results").content
            assert hashlib.sha256(results).hexdigest() == job["results"]["sha256"]
        data = self.site.home / "data"
        for running in sorted(self.site.started, key=lambda one: "server" in one.log.name):
            running.end()
        self.serve().end()
        with invariants.opened(self.database) as database:
            assert invariants.all_ended(database) == []
            accepted = database.execute("SELECT id FROM jobs WHERE state <> 'lost' ORDER BY id")
            assert [row["id"] for row in accepted] == sorted(completed)
            assert invariants.ends_once(database) == []
            assert invariants.follows_the_table(database) == []
            assert invariants.counts_right(database) == []
            assert invariants.leaves_no_orphans(database, data) == []
            assert invariants.leaves_no_process(self.site.home) == []


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is entered here is left at the end of the test, last first."""
    with ExitStack() as entered:
        yield entered


def test_at_the_reserve_submissions_are_refused_and_running_jobs_finish(
    tmp_path: Path, stack: ExitStack
) -> None:
    place = Place(tmp_path / "home", stack, data=64)
    place.env["JOBORCH_RESERVE"] = "24M"
    place.serve()
    place.site.agent()
    running = place.submit_waiting()
    place.disks["data"].fill(but_bytes=16 * MEBIBYTE)

    assert place.refusal() == (507, "disk_full")
    assert place.site.get("/api/v1/health").json()["disk"] == "low"
    place.gate.touch()
    assert place.site.wait(running)["state"] == "completed"

    place.disks["data"].empty()
    place.check(running, *place.site.submit())


def test_without_any_room_for_scratch_nothing_is_amiss(tmp_path: Path, stack: ExitStack) -> None:
    place = Place(tmp_path / "home", stack, scratch=1)
    place.disks["scratch"].fill()
    place.env["TMPDIR"] = str(place.disks["scratch"].path)
    place.serve()
    place.site.agent()
    place.check(*place.site.submit(LEAVES_3_MIB, files={"big": bytes(MEBIBYTE)}))


def test_without_any_room_for_data_the_agent_keeps_the_results_until_there_is(
    tmp_path: Path, stack: ExitStack
) -> None:
    place = Place(tmp_path / "home", stack, data=32, db=16)
    server = place.serve()
    agent = place.site.agent("compute-1", "--verbose", service="example:2")
    small, large = place.submit_waiting("echo hello\n"), place.submit_waiting()
    (queued,) = place.site.submit()
    place.disks["data"].fill()

    assert place.refusal() == (507, "disk_full")
    place.gate.touch()
    wait_until(lambda: "transfer broke off" in agent.said, describe=lambda: agent.said)
    wait_until(lambda: "nothing delivered" in agent.said, describe=lambda: agent.said)
    assert {place.site.job(job_id)["state"] for job_id in (small, large)} == {"running"}

    place.disks["data"].empty()
    place.check(small, large, queued)
    assert (server.process.returncode, agent.process.returncode) == (0, 0)


def test_the_disk_of_the_database_needs_the_reserve_as_well(
    tmp_path: Path, stack: ExitStack
) -> None:
    disk = stack.enter_context(small_disk(tmp_path / "db", 1))
    blobs = Blobs(tmp_path / "data", reserve_bytes=ONE_PAGE, database=disk.path)
    disk.fill(but_bytes=ONE_PAGE)
    staged = asyncio.run(blobs.stage())
    asyncio.run(staged.discard())
    disk.fill()
    with pytest.raises(DiskFullError):
        asyncio.run(blobs.stage())


def test_an_upload_that_found_no_room_goes_on_where_it_stands(
    tmp_path: Path, stack: ExitStack
) -> None:
    disk = stack.enter_context(small_disk(tmp_path / "data", 8))
    blobs, content = Blobs(disk.path), os.urandom(MEBIBYTE)
    disk.fill(but_bytes=10 * ONE_PAGE)
    with pytest.raises(OSError, match=FULL):
        asyncio.run(blobs.receive(1, 1, offset=0, chunks=in_one(content)))
    stands_at = asyncio.run(blobs.incoming_bytes(1, 1))
    assert 0 < stands_at <= 10 * ONE_PAGE

    disk.empty()
    rest = in_one(content[stands_at:])
    assert asyncio.run(blobs.receive(1, 1, offset=stands_at, chunks=rest)) == MEBIBYTE
    assert next(disk.path.glob("incoming/*")).read_bytes() == content


async def in_one(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.mark.parametrize("phase", size(["result"], nightly=["upload", "claim", "result"]))
def test_a_full_database_disk_stops_the_server_and_loses_nothing(
    phase: str, tmp_path: Path, stack: ExitStack
) -> None:
    place = Place(tmp_path / "home", stack, db=8)
    server = place.serve()
    place.site.agent(service="example:2")
    running = place.submit_waiting()
    soon = datetime.now(UTC) + timedelta(seconds=2 if phase == "claim" else 0)
    (waiting,) = place.site.submit(WAITS.format(gate=place.gate), begin=soon.isoformat())
    place.site.wait(waiting, until="running" if phase != "claim" else "queued")
    place.disks["db"].fill(but_bytes=ONE_PAGE)

    if phase == "upload":
        assert place.refusal() == (503, "store_failed")
    if phase == "result":
        place.gate.touch()
    wait_until(lambda: server.process.poll() is not None, timeout=20, describe=lambda: server.said)
    assert server.process.returncode == 1

    place.disks["db"].empty()
    place.serve()
    place.gate.touch()
    place.check(running, waiting)


@pytest.mark.parametrize("phase", size(["packing"], nightly=["lease", "inputs", "packing"]))
def test_an_agent_without_room_says_so_and_goes_on_when_there_is(
    phase: str, tmp_path: Path, stack: ExitStack
) -> None:
    place = Place(tmp_path / "home", stack, **{"compute-1": 16})
    place.serve()
    agent, disk = place.site.agent(), place.disks["compute-1"]
    packed = place.submit_waiting()
    disk.fill(but_bytes={"lease": 0, "inputs": MEBIBYTE // 2, "packing": 4 * MEBIBYTE}[phase])

    if phase == "packing":
        place.gate.touch()
        wait_until(lambda: "results not packed" in agent.said, describe=lambda: agent.said)
    else:
        (job_id,) = place.site.submit(files={"big": bytes(MEBIBYTE)}, max_attempts="1")
        refused = place.site.wait(job_id)
        assert (refused["state"], refused["reason"]) == ("lost", f"agent_disk: {FULL}")

    disk.empty()
    place.gate.touch()
    place.check(packed)


def test_a_job_that_fills_its_disk_ends_with_that_reason_and_leaves_room_for_the_next(
    tmp_path: Path, stack: ExitStack
) -> None:
    place = Place(tmp_path / "home", stack, **{"compute-1": 16})
    place.serve()
    agent = place.site.agent()
    (greedy,) = place.site.submit("cat /dev/urandom >all\n", max_attempts="1")

    ended = place.site.wait(greedy)
    assert (ended["state"], ended["reason"]) == ("lost", f"agent_disk: {FULL}")
    place.check(*place.site.submit())
    assert agent.process.returncode == 0
