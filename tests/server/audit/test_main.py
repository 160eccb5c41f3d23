"""A whole audit, of a site at rest and of one that is in use."""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from joborch.domain.invariants import MOST_LISTED, Audit, Counts, Finding, Invariant
from joborch.domain.states import JobState
from joborch.server.audit.main import ServerStartedError, audit
from joborch.server.settings import load_settings
from tests.faults.a_good_site import GoodSite
from tests.support.bench import a_bench, a_zip
from tests.support.server import running_server


def audited(site: GoodSite, *services: str, is_quick: bool = False) -> Audit:
    flags = {"data": str(site.data), "service": list(services)}
    return audit(load_settings(flags, {}, None), is_quick=is_quick)


def everything_in(folder: Path) -> dict[str, object]:
    """Return every file with its content and times."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.is_dir() or path.read_bytes())
        for path in folder.rglob("*")
    }


@contextmanager
def in_use(data: Path) -> Iterator[None]:
    """Hold a server's lock."""
    file = os.open(data / "server.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(file, fcntl.LOCK_EX)
    os.pwrite(file, b"the server at http://h:1, process 7", 0)
    try:
        yield
    finally:
        os.close(file)


def test_a_site_on_which_all_is_well_is_clean_and_counted(site: GoodSite) -> None:
    found = audited(site, "fast:per_user=1,max=1")
    size = site.archive.stat().st_size
    assert (found.is_clean, found.violations, found.notes) == (True, [], [])
    assert found.counts == Counts(
        jobs=1, unfinished=0, events=8, payloads=1, archives=1, hashed_bytes=size
    )
    assert set(found.unseen) == {Invariant.I6, Invariant.I7}


def test_nothing_is_changed_and_nothing_left_behind(site: GoodSite) -> None:
    site.spoil("PRAGMA journal_mode = wal")
    before = everything_in(site.data)
    audited(site)
    assert everything_in(site.data) == before


def test_a_quick_audit_hashes_nothing_and_says_so(site: GoodSite) -> None:
    found = audited(site, is_quick=True)
    assert found.counts.hashed_bytes == 0
    assert "nothing was hashed" in found.unseen[Invariant.I5]


def test_quotas_of_today_that_were_exceeded_once_are_noted_only(site: GoodSite) -> None:
    found = audited(site, "fast:per_user=0")
    assert found.is_clean
    assert [str(note) for note in found.notes] == [
        "user ann held 1 of fast, 0 allowed, reached at event 2"
    ]


def test_quotas_that_nobody_tells_are_not_looked_at(site: GoodSite) -> None:
    assert "no service is configured" in audited(site).unseen[Invariant.I3]


def test_a_database_with_a_page_written_over_is_told_as_far_as_it_can_be_read(
    site: GoodSite,
) -> None:
    (root,) = site.ask("SELECT rootpage FROM sqlite_master WHERE name = 'usage'")
    with site.path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)
    found = audited(site)
    assert found.found[Invariant.I10] > 0
    assert found.unseen[Invariant.I9] == "the database is damaged"
    assert Invariant.I8 not in found.unseen


def test_of_very_many_findings_the_first_are_listed_and_all_counted(site: GoodSite) -> None:
    found = Audit(data=site.data, database=site.path)
    for number in range(MOST_LISTED + 5):
        found.add(Finding(invariant=Invariant.I1, message="moved after its end", job_id=number))
    assert len(found.violations) == MOST_LISTED
    assert found.found[Invariant.I1] == MOST_LISTED + 5


def test_a_server_that_uses_the_data_is_named_by_its_lock(site: GoodSite) -> None:
    with in_use(site.data):
        found = audited(site)
    assert found.server == "the server at http://h:1, process 7"
    assert audited(site).server is None


def test_an_audit_during_which_a_server_started_is_worth_nothing(site: GoodSite) -> None:
    started = []

    def start(done: int, total: int) -> None:
        using = in_use(site.data)
        using.__enter__()
        started.append(using)

    settings = load_settings({"data": str(site.data)}, {}, None)
    with pytest.raises(ServerStartedError, match="in the meantime"):
        audit(settings, progress=start)
    started[0].__exit__(None, None, None)


def test_a_database_that_was_left_by_a_kill_is_read_with_its_write_ahead_log(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path / "data") as server:
        form = {"user_id": "ann", "service": "example"}
        script = [("file", ("run.sh", b"ls\n"))]
        server.http.post("/api/v1/jobs", data=form, files=script).raise_for_status()
        running = audit(load_settings({"data": str(server.data)}, {}, None))
        server.process.kill()
        server.process.wait()
        wal = server.data / "joborch.db-wal"
        size = wal.stat().st_size
        killed = audit(load_settings({"data": str(server.data)}, {}, None))
    assert running.server is not None
    assert str(server.process.pid) in running.server
    assert killed.server is None
    for found in (running, killed):
        assert found.is_clean, found.violations
        assert found.counts == Counts(jobs=1, unfinished=1, events=1, payloads=1)
    assert size > 0
    assert wal.stat().st_size == size


def test_a_site_that_is_used_while_it_is_audited_is_clean(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        settings = load_settings({"data": str(server.data)}, {}, None)
        form = {"user_id": "ann", "service": "example"}
        for _ in range(5):
            script = [("file", ("run.sh", b"ls\n"))]
            server.http.post("/api/v1/jobs", data=form, files=script).raise_for_status()
            found = audit(settings)
            assert found.is_clean, found.violations
    assert found.counts.jobs == 5


def test_a_site_where_much_has_happened_is_clean(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, max_age="48h") as bench:
            await bench.submit(array="1-4%2", key="once")
            await bench.submit(array="1-4%2", key="once")
            await bench.submit(accepts_missing_script=True, files={"input.txt": b"x"})
            lost = await bench.submit_one(user="bob", max_attempts=1)
            agent = await bench.agent()
            first, bobs, third = await agent.take(3)
            await agent.start(first)
            await agent.report(first, results=a_zip(out="1"))
            await agent.report(third, "failed", results=a_zip(out="2"), exit_code=3)
            await agent.report(bobs, "lost")
            bench.clock.advance(hours=49)
            await bench.clean()
            _, fourth = await agent.take(2)
            await agent.report(fourth, results=a_zip(out="4"))
            assert (await bench.job(lost)).state is JobState.LOST

    asyncio.run(story())
    found = audit(load_settings({"data": str(tmp_path)}, {}, None))
    assert [*map(str, [*found.violations, *found.notes])] == []
    assert found.counts.archives == 1
