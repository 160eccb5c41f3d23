"""The agent's directory, and the marks in it."""

import asyncio
import json
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from joborch.agent.attempts import Attempt
from joborch.agent.marks import HighWaterMarks
from joborch.agent.spool import Identity, Spool
from joborch.process.clock import Clock
from tests.support.agent_link import a_file, a_lease


class CalendarClock(Clock):
    """A clock whose days pass when the test says so."""

    def __init__(self) -> None:
        self.today = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.today


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "agent", clock=Clock())
    spool.remember(Identity(agent_id="a-1", key="secret"))
    attempt = Attempt.create(spool.folder_for(7, 1), a_lease())
    secret = [tmp_path / "agent" / "identity.json", attempt.folder / "lease.json"]
    private = [tmp_path / "agent", tmp_path / "agent" / "attempts", attempt.folder]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o700}
    spool.close()


def test_every_process_has_a_higher_incarnation(tmp_path: Path) -> None:
    incarnations = []
    for _ in range(3):
        spool = Spool(tmp_path, clock=Clock())
        incarnations.append(spool.incarnation)
        spool.close()
    assert incarnations == [1, 2, 3]


def test_renewals_within_an_instant_are_noted_once_and_never_too_late(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clock=Clock())
    noted = []
    for renewed_at in (100.0, 100.05, 100.2, 50.0):
        spool.renew_leases(renewed_at)
        noted.append(float(spool.lease_path.read_text()))
    spool.close()
    assert noted == [100.0, 100.0, 100.2, 50.0]


def test_a_renewal_that_cannot_be_noted_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, clock=Clock())
    spool.renew_leases(100.0)
    monkeypatch.setattr(Path, "replace", refuse)
    spool.renew_leases(200.0)
    spool.close()
    assert (spool.renewed_at, float(spool.lease_path.read_text())) == (100.0, 100.0)


def test_who_the_agent_is_survives_it_and_damage_means_a_stranger(tmp_path: Path) -> None:
    identity = Identity(agent_id="a-1", key="secret")
    first = Spool(tmp_path, clock=Clock())
    first.remember(identity)
    first.close()
    second = Spool(tmp_path, clock=Clock())
    assert second.identity() == identity
    (tmp_path / "identity.json").write_text("{")
    assert second.identity() is None
    second.close()


def test_a_stored_lease_has_its_token_but_not_the_files_again(tmp_path: Path) -> None:
    lease = a_lease("echo hello", files=[a_file("a/b.txt", "content")])
    Attempt.create(tmp_path / "7-1", lease)
    attempt = Attempt.load(tmp_path / "7-1")
    assert attempt is not None
    assert (attempt.key, attempt.lease.token) == ((7, 1), "token")
    assert {file.data for file in attempt.lease.files} == {None}
    assert (attempt.work_dir / "a" / "b.txt").read_text() == "content"


def test_finished_attempts_are_kept_as_long_as_asked(tmp_path: Path) -> None:
    async def retire() -> None:
        spool = Spool(tmp_path, clock=Clock(), keep_s=60)
        folder = Attempt.create(spool.folder_for(7, 1), a_lease()).folder
        await spool.retire(folder, was_stopped=False)
        stopped = Attempt.create(spool.folder_for(8, 1), a_lease(job_id=8)).folder
        await spool.retire(stopped, was_stopped=True)
        next_s = await spool.sweep()
        assert next_s is not None
        assert 50 < next_s <= 60
        spool.close()

    asyncio.run(retire())
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["7-1"]
    assert not list((tmp_path / "attempts").iterdir())
    spool = Spool(tmp_path, clock=Clock(), keep_s=-60)
    asyncio.run(spool.sweep())
    spool.close()
    assert not list((tmp_path / "kept").iterdir())


def test_a_directory_that_resists_is_no_attempt_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, clock=Clock())
    folder = Attempt.create(spool.folder_for(7, 1), a_lease()).folder
    monkeypatch.setattr(os, "rmdir", refuse)
    monkeypatch.setattr(os, "unlink", refuse)
    spool.discard(folder)
    assert not folder.exists()
    assert len(list((tmp_path / "attempts").iterdir())) == 1
    assert spool.attempts() == []
    assert asyncio.run(spool.sweep()) is None
    monkeypatch.undo()
    assert spool.attempts() == []
    asyncio.run(spool.sweep())
    assert not list((tmp_path / "attempts").iterdir())
    spool.close()


def test_what_is_half_made_makes_way_at_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clock=Clock())
    (spool.folder_for(7, 1) / "work").mkdir(parents=True)
    assert spool.attempts() == []
    again = Attempt.create(spool.folder_for(7, 1), a_lease()).folder
    asyncio.run(spool.sweep())
    assert list((tmp_path / "attempts").iterdir()) == [again]
    spool.close()


def test_an_attempt_that_cannot_be_put_away_ends_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, clock=Clock(), keep_s=60)
    folder = Attempt.create(spool.folder_for(7, 1), a_lease()).folder
    monkeypatch.setattr(Path, "rename", refuse)
    asyncio.run(spool.retire(folder, was_stopped=False))
    asyncio.run(spool.retire(folder, was_stopped=True))
    monkeypatch.undo()
    assert [attempt.key for attempt in spool.attempts()] == [(7, 1)]
    spool.close()


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_marks_only_rise_and_survive(tmp_path: Path) -> None:
    marks = HighWaterMarks(tmp_path / "marks", clock=Clock())
    marks.raise_to(7, 2)
    marks.raise_to(7, 1)
    marks.close()
    again = HighWaterMarks(tmp_path / "marks", clock=Clock())
    assert [again.allows(7, attempt) for attempt in (1, 2, 3)] == [False, False, True]
    assert again.allows(8, 1)
    again.close()


def test_damaged_marks_count_as_absent(tmp_path: Path) -> None:
    (tmp_path / "marks").write_bytes(b"7 2 99999\n\xff\xff\n8 1")
    marks = HighWaterMarks(tmp_path / "marks", clock=Clock())
    assert (marks.allows(7, 2), marks.allows(8, 1)) == (False, True)
    marks.close()


def test_marks_are_forgotten_after_a_month(tmp_path: Path) -> None:
    clock = CalendarClock()
    marks = HighWaterMarks(tmp_path / "marks", clock=clock)
    marks.raise_to(7, 1)
    clock.today += timedelta(days=20)
    marks.raise_to(8, 1)
    marks.close()
    clock.today += timedelta(days=20)
    again = HighWaterMarks(tmp_path / "marks", clock=clock)
    assert (again.allows(7, 1), again.allows(8, 1)) == (True, False)
    assert len((tmp_path / "marks").read_bytes().splitlines()) == 1
    again.close()


def test_what_is_to_be_told_is_readable_json(tmp_path: Path) -> None:
    attempt = Attempt.create(tmp_path / "7-1", a_lease())
    assert json.loads((attempt.folder / "lease.json").read_bytes())["lease"]["job_id"] == 7
    assert attempt.ending() is None


@contextmanager
def out_of_descriptors() -> Iterator[None]:
    """Let nothing be opened in the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_cannot_be_read_at_present_does_not_count_as_absent(tmp_path: Path) -> None:
    """Else an agent came back as a stranger whose jobs are nobody's, or forgot one that runs."""
    spool = Spool(tmp_path / "agent", clock=Clock())
    spool.remember(Identity(agent_id="a-1", key="secret"))
    attempt = Attempt.create(spool.folder_for(7, 1), a_lease())

    with out_of_descriptors():
        with pytest.raises(OSError, match="Too many open files"):
            spool.identity()
        with pytest.raises(OSError, match="Too many open files"):
            Attempt.load(attempt.folder)

    assert spool.identity() == Identity(agent_id="a-1", key="secret")
    assert [one.key for one in spool.attempts()] == [(7, 1)]
    spool.close()
