"""Nothing is answered with success before all that it promises would survive a power cut.

A real server is watched while it does one thing. Each flush and each rename that is taken out of
it makes one of these tests fail.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.durability import CALLS, Disk, calls_in, when_answered
from tests.faults.errands import Errand
from tests.faults.nursery import Nursery
from tests.faults.scenarios import FEW, LARGE, MANY, SMALL
from tests.faults.stand import Stand, a_stand
from tests.faults.strace import needs_strace

pytestmark = [pytest.mark.faults, needs_strace]


@pytest.fixture
def stand(server_nursery: Nursery, tmp_path: Path) -> Iterator[Stand]:
    with a_stand(tmp_path / "site", server_nursery) as opened:
        yield opened


def flushed_journal(stand: Stand) -> Disk:
    """Return the disk as of the answer, on which the commit has to be."""
    disk = when_answered(calls_in(stand.log), there=stand.there)
    journal = stand.data / "joborch.db-wal"
    assert journal in disk.flushed
    assert not disk.may_lose(journal)
    assert not disk.torn
    return disk


@pytest.mark.parametrize("files", [SMALL, LARGE], ids=["small", "large"])
def test_a_submission_is_on_disk_before_it_is_acknowledged(
    stand: Stand, files: dict[str, bytes]
) -> None:
    errand = Errand(stand, files, FEW)
    with stand.watched(CALLS):
        errand.submit()
    disk = flushed_journal(stand)
    (payload,) = stand.data.glob("payloads/*/*")
    assert {payload / name for name in files} <= set(disk.names)
    assert payload in disk.renamed
    assert not disk.may_lose(payload)


def test_a_lease_is_on_disk_before_the_agent_has_it(stand: Stand) -> None:
    errand = Errand(stand, SMALL, FEW)
    errand.submit()
    with stand.watched(CALLS):
        errand.take()
    flushed_journal(stand)


def test_results_inside_a_report_are_on_disk_before_it_is_acknowledged(stand: Stand) -> None:
    errand = Errand(stand, SMALL, FEW)
    errand.submit()
    errand.take()
    with stand.watched(CALLS):
        errand.report_inline()
    check_results(stand, errand)


def test_uploaded_results_are_on_disk_before_the_report_is_acknowledged(stand: Stand) -> None:
    errand = Errand(stand, LARGE, MANY)
    errand.submit()
    errand.take()
    with stand.watched(CALLS):
        errand.upload()
        errand.report_uploaded()
    check_results(stand, errand)


def test_a_cancellation_is_on_disk_before_it_is_acknowledged(stand: Stand) -> None:
    errand = Errand(stand, SMALL, FEW)
    errand.submit()
    errand.take()
    with stand.watched(CALLS):
        errand.cancel()
    flushed_journal(stand)


def test_directories_made_at_the_first_start_are_on_disk_before_anything_is_acknowledged(
    stand: Stand, tmp_path: Path
) -> None:
    stand.forget()
    (tmp_path / "site" / "elsewhere").mkdir()
    with stand.start_watched(CALLS, db=str(tmp_path / "site" / "elsewhere" / "joborch.db")):
        stand.http.post("/api/v1/agents/enrol", json=ENROLMENT).raise_for_status()
    disk = when_answered(calls_in(stand.log), there=stand.there)
    made = [path for path in disk.names if path.is_relative_to(stand.data) and path.is_dir()]
    rooms = {stand.data / name for name in ("payloads", "results", "incoming", "payloads/ab")}
    assert rooms <= {*made}
    assert [path for path in made if path.parent in disk.unflushed] == []


ENROLMENT = {
    "name": "tester",
    "host": "here",
    "version": "0",
    "services": {"example": 1},
    "capacity": {"slots": 1},
}


def check_results(stand: Stand, errand: Errand) -> None:
    disk = flushed_journal(stand)
    archive = stand.data / "results" / "000000" / f"{errand.job_id}-1.zip"
    assert archive in disk.renamed
    assert not disk.may_lose(archive)
