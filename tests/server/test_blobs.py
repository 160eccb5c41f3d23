import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from joborch.domain.errors import DiskFullError, StoreFailedError
from joborch.server.blobs import Blobs
from tests.support.disk import watched

DATA = b"results"
ANNOUNCED: dict[str, Any] = {"size_bytes": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest()}


async def publish(blobs: Blobs) -> str:
    staged = await blobs.stage()
    for name in ("run.sh", "in/data.txt"):
        await staged.begin(name)
        await staged.write(b"content")
        await staged.end()
    return await blobs.publish_payload(staged)


def test_a_payload_is_flushed_before_it_is_renamed(tmp_path: Path) -> None:
    """Each file and folder of it, then its name, then the folder that has the name."""
    blobs = Blobs(tmp_path)

    with watched(tmp_path) as noted:
        payload_id = asyncio.run(publish(blobs))

    shard = f"payloads/{payload_id[:2]}"
    flushed, renamed, named = noted[:-2], noted[-2], noted[-1]
    (staged,) = {path.split("/")[1] for path in flushed}
    inside = {"", "/in", "/in/data.txt", "/run.sh"}
    assert {*flushed} == {f"flush staging/{staged}{path}" for path in inside}
    assert (renamed, named) == (f"rename {shard}/{payload_id}", f"flush {shard}")


def test_the_folders_of_payloads_are_flushed_once_they_are_made(tmp_path: Path) -> None:
    with watched(tmp_path) as noted:
        Blobs(tmp_path)

    assert "flush payloads" in noted


def test_results_are_flushed_before_they_are_renamed(tmp_path: Path) -> None:
    """The first of a thousand jobs brings a folder of its own."""
    blobs = Blobs(tmp_path)

    with watched(tmp_path) as noted:
        asyncio.run(blobs.publish_results(7, 1, **ANNOUNCED, data=DATA))
        asyncio.run(blobs.publish_results(8, 1, **ANNOUNCED, data=DATA))

    folder = "results/000000"
    assert noted == [
        *("flush incoming/7-1", "flush results", f"rename {folder}/7-1.zip", f"flush {folder}"),
        *("flush incoming/8-1", f"rename {folder}/8-1.zip", f"flush {folder}"),
    ]


def test_results_that_came_in_parts_are_flushed_before_they_are_renamed(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    (tmp_path / "incoming" / "7-1").write_bytes(DATA)

    with watched(tmp_path) as noted:
        asyncio.run(blobs.publish_results(7, 1, **ANNOUNCED, data=None))

    assert noted[0] == "flush incoming/7-1"


def test_a_sweep_keeps_what_jobs_refer_to(tmp_path: Path) -> None:
    """Payloads, results that are recorded, and what unfinished attempts have sent so far."""
    blobs = Blobs(tmp_path)
    needed, orphan = asyncio.run(publish(blobs)), asyncio.run(publish(blobs))
    for job_id in (1, 2, 3):
        asyncio.run(blobs.publish_results(job_id, 1, **ANNOUNCED, data=DATA))
    for name in ("4-1", "5-1"):
        (tmp_path / "incoming" / name).write_bytes(DATA)

    removed = blobs.sweep({needed}, unfinished={"2-1", "4-1"}, kept={"1-1"})

    assert removed == 3
    assert not blobs.payload_file(orphan, "run.sh").exists()
    assert blobs.payload_file(needed, "run.sh").exists()
    assert {path.name for path in tmp_path.glob("results/*/*")} == {"1-1.zip", "2-1.zip"}
    assert {path.name for path in tmp_path.glob("incoming/*")} == {"4-1"}


def test_a_sweep_empties_what_is_left_of_earlier_uploads_and_removals(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    (tmp_path / "staging" / "upload").mkdir()
    (tmp_path / "trash" / "file").touch()

    blobs.sweep(set(), set(), set())

    assert [*tmp_path.glob("staging/*"), *tmp_path.glob("trash/*")] == []


def test_a_payload_whose_name_could_not_be_flushed_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Blobs(tmp_path)
    shards = tmp_path / "payloads"
    opens = os.open

    def without_descriptors(path: str | Path, *rest: int, **more: int) -> int:
        if Path(path).parent == shards:
            raise OSError(errno.EMFILE, "Too many open files")
        return opens(path, *rest, **more)

    monkeypatch.setattr(os, "open", without_descriptors)
    with pytest.raises(OSError, match="Too many open files"):
        asyncio.run(publish(blobs))

    assert [*shards.glob("*/*")] == []


def test_a_server_whose_disk_does_not_flush_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on the disk then nobody knows, and asking again would be answered with a lie."""
    failures: list[str] = []
    blobs = Blobs(tmp_path, on_failure=lambda: failures.append("told"))

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreFailedError):
        asyncio.run(blobs.publish_results(7, 1, **ANNOUNCED, data=DATA))

    assert failures == ["told"]
    assert [*tmp_path.rglob("7-1*")] == []


def test_below_its_reserve_it_takes_no_uploads(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, reserve_bytes=2**62)

    with pytest.raises(DiskFullError, match="reserve"):
        asyncio.run(blobs.stage())

    assert [*tmp_path.glob("staging/*")] == []


def test_an_upload_that_reaches_the_reserve_under_way_goes_no_further(tmp_path: Path) -> None:
    mebibyte = 2**20
    blobs = Blobs(tmp_path, reserve_bytes=free_bytes(tmp_path) - 256 * mebibyte)

    async def story() -> None:
        staged = await blobs.stage()
        await staged.begin("big.dat")
        with pytest.raises(DiskFullError, match="reserve"):
            await staged.write(bytes(512 * mebibyte))
        await staged.discard()

    asyncio.run(story())
    assert [*tmp_path.glob("staging/*")] == []


async def receive(blobs: Blobs, *, size_bytes: int) -> int:
    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(size_bytes)

    return await blobs.receive(7, 1, offset=0, chunks=chunks())


def free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free


def test_below_its_reserve_it_still_takes_results(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, reserve_bytes=2 * free_bytes(tmp_path))

    assert asyncio.run(receive(blobs, size_bytes=len(DATA))) == len(DATA)
    asyncio.run(blobs.publish_results(8, 1, **ANNOUNCED, data=DATA))

    with pytest.raises(DiskFullError):
        blobs.room.demand_for_work()
    assert (blobs.room.state, blobs.turned_away) == ("low", set())


def test_what_the_database_needs_is_not_given_to_results(tmp_path: Path) -> None:
    """The floor is a quarter of the reserve: half as much again as is free at present."""
    blobs = Blobs(tmp_path, reserve_bytes=6 * free_bytes(tmp_path))

    with pytest.raises(DiskFullError, match="for its database"):
        asyncio.run(receive(blobs, size_bytes=len(DATA)))
    with pytest.raises(DiskFullError, match="for its database"):
        asyncio.run(blobs.publish_results(7, 1, **ANNOUNCED, data=DATA))

    assert asyncio.run(blobs.incoming_bytes(7, 1)) == 0
    assert [*tmp_path.glob("results/*/*")] == []
    assert blobs.room.state == "full"


def test_whose_results_were_turned_away_is_known_until_they_are_taken(tmp_path: Path) -> None:
    blobs, roomy = Blobs(tmp_path, reserve_bytes=6 * free_bytes(tmp_path)), Blobs(tmp_path)
    with pytest.raises(DiskFullError):
        asyncio.run(receive(blobs, size_bytes=len(DATA)))
    assert blobs.turned_away == {(7, 1)}

    blobs.room = roomy.room
    asyncio.run(receive(blobs, size_bytes=len(DATA)))
    assert (blobs.turned_away, blobs.room.state) == (set(), "ok")


def test_a_chunk_that_would_go_below_the_floor_is_not_written(tmp_path: Path) -> None:
    """What came before it stays, for the agent to go on from."""
    mebibyte = 2**20
    blobs = Blobs(tmp_path, reserve_bytes=4 * (free_bytes(tmp_path) - 256 * mebibyte))

    async def chunks() -> AsyncIterator[bytes]:
        yield DATA
        yield bytes(512 * mebibyte)

    with pytest.raises(DiskFullError):
        asyncio.run(blobs.receive(7, 1, offset=0, chunks=chunks()))

    assert asyncio.run(blobs.incoming_bytes(7, 1)) == len(DATA)
