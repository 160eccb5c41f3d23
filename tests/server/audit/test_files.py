"""What is on the disk: payloads, results, and what was left half way."""

import time
from functools import partial
from pathlib import Path
from typing import Any

from joborch.domain.invariants import Counts, Finding
from joborch.server.audit import ledger, payloads, results
from joborch.server.audit.disk import Disk
from tests.faults.a_good_site import PAYLOAD, GoodSite, publish

FILES = """UPDATE payloads SET files = '[{"name": "run.sh", "size": 3}]'"""


def findings(site: GoodSite, **but: Any) -> list[Finding]:
    seen = Disk(data=site.data, **but)
    with ledger.opened(site.path) as opened:
        return [
            *seen.left_half_way(opened),
            *payloads.check(seen, opened, Counts()),
            *results.check(seen, opened, Counts()),
        ]


def found(site: GoodSite, **but: Any) -> list[str]:
    return [f"{finding.invariant} {finding}" for finding in findings(site, **but)]


def payload(site: GoodSite) -> Path:
    return site.data / "payloads" / PAYLOAD[:2] / PAYLOAD


def test_files_that_are_as_recorded_are_in_order(site: GoodSite) -> None:
    site.spoil(FILES)
    (payload(site) / "run.sh").write_bytes(b"ls\n")
    assert found(site) == []


def test_results_of_the_same_length_but_with_other_bytes_are_found(site: GoodSite) -> None:
    content = bytearray(site.archive.read_bytes())
    content[40] ^= 1
    site.archive.write_bytes(content)
    assert found(site) == ["I5 job 1: other results are stored than recorded"]


def test_results_that_are_cut_off_are_found_without_hashing(site: GoodSite) -> None:
    size = site.archive.stat().st_size
    site.archive.write_bytes(b"PK")
    with ledger.opened(site.path) as opened:
        seen = [*results.check(Disk(data=site.data), opened, Counts(), hashes=False)]
    assert [str(one) for one in seen] == [f"job 1: {size} bytes of results recorded, 2 stored"]


def test_results_that_are_missing_are_a_violation(site: GoodSite) -> None:
    site.archive.unlink()
    (finding,) = findings(site)
    assert (str(finding), finding.is_note) == ("job 1: its results are missing", False)


def test_results_that_retention_was_just_removing_are_only_noted(site: GoodSite) -> None:
    site.archive.unlink()
    (finding,) = findings(site, cut_off=time.time_ns())
    assert finding.is_note


def test_results_that_were_removed_and_recorded_as_such_are_in_order(site: GoodSite) -> None:
    site.archive.unlink()
    site.spoil("UPDATE jobs SET results_removed_at = 1")
    assert found(site) == []


def test_a_payload_that_is_missing_is_found_with_its_job(site: GoodSite) -> None:
    payload(site).rmdir()
    assert found(site) == [f"I10 job 1: payload {PAYLOAD} is missing"]


def test_a_file_of_a_payload_that_is_missing_is_found(site: GoodSite) -> None:
    site.spoil(FILES)
    fault = f"payload {PAYLOAD} has no bytes in run.sh, 3 recorded"
    assert found(site) == [f"I10 job 1: {fault}"]


def test_a_file_of_a_payload_that_was_changed_is_found(site: GoodSite) -> None:
    site.spoil(FILES)
    (payload(site) / "run.sh").write_bytes(b"rm -rf .\n")
    fault = f"payload {PAYLOAD} has 9 bytes in run.sh, 3 recorded"
    assert found(site) == [f"I10 job 1: {fault}"]


def test_a_file_that_was_put_into_a_payload_is_found(site: GoodSite) -> None:
    (payload(site) / "evil.sh").write_bytes(b"rm -rf .\n")
    fault = f"payload {PAYLOAD} has 9 bytes in evil.sh, no recorded"
    assert found(site) == [f"I10 job 1: {fault}"]


def test_a_payload_that_was_removed_while_its_job_has_results_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE payloads SET removed_at = 1")
    payload(site).rmdir()
    assert found(site) == [f"I10 job 1: payload {PAYLOAD} was removed before its time"]


def test_what_was_left_half_way_is_noted_until_the_next_start(site: GoodSite) -> None:
    for room in ("staging", "incoming", "trash"):
        (site.data / room / "7-1").touch()
    assert [(str(one), one.is_note) for one in findings(site)] == [
        ("staging: 7-1 is left", True),
        ("incoming: 7-1 is left", True),
        ("trash: 7-1 is left", True),
    ]


def test_results_on_their_way_are_in_order(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET state = 'running', finished_at = NULL, results_sha256 = NULL")
    site.archive.rename(site.data / "incoming" / "1-2")
    assert found(site) == []


def test_what_a_running_server_is_making_is_in_order(site: GoodSite) -> None:
    for room in ("staging", "incoming", "trash"):
        (site.data / room / "7-1").touch()
    (site.data / "payloads" / "00" / "0000").mkdir()
    publish(site.archive.with_name("1-1.zip"), {})
    assert found(site, is_served=True) == []


def test_what_belongs_to_nobody_is_noted(site: GoodSite) -> None:
    (site.data / "payloads" / "00" / "0000").mkdir()
    publish(site.archive.with_name("1-1.zip"), {})
    assert [(str(one), one.is_note) for one in findings(site)] == [
        ("payloads: 0000 belongs to nobody", True),
        ("results: 1-1.zip belongs to nobody", True),
    ]


def test_what_belongs_to_nobody_for_long_though_a_server_runs_is_a_violation(
    site: GoodSite,
) -> None:
    (site.data / "payloads" / "00" / "0000").mkdir()
    (finding,) = findings(site, is_served=True, young_s=-1)
    assert (str(finding), finding.is_note) == ("payloads: 0000 belongs to nobody", False)


def test_results_that_a_running_server_has_just_removed_are_in_order(site: GoodSite) -> None:
    site.archive.unlink()
    remove = partial(site.spoil, "UPDATE jobs SET results_removed_at = 1")
    assert found(site, is_served=True, settle=remove) == []


def test_results_that_are_missing_while_a_server_runs_are_a_violation(site: GoodSite) -> None:
    site.archive.unlink()
    assert found(site, is_served=True, settle=list) == ["I5 job 1: its results are missing"]
