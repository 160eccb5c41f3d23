import pytest

from joborch.server.audit import ledger, soundness
from tests.faults.a_good_site import GoodSite


def found(site: GoodSite, *, is_quick: bool = False) -> list[str]:
    with ledger.opened(site.path) as opened:
        return [f"{one.invariant} {one}" for one in soundness.is_sound(opened, is_quick=is_quick)]


@pytest.mark.parametrize("is_quick", [True, False])
def test_a_sound_database_is_in_order(site: GoodSite, is_quick: bool) -> None:
    assert found(site, is_quick=is_quick) == []


def test_an_index_that_lacks_a_row_is_found_unless_in_a_hurry(site: GoodSite) -> None:
    another = "UPDATE sqlite_master SET sql = replace(sql, 'user_id', 'name')"
    site.spoil("PRAGMA writable_schema = on", f"{another} WHERE name = 'jobs_of_user'")
    assert found(site, is_quick=True) == []
    assert "I10 database: row 1 missing from index jobs_of_user" in found(site)


def test_a_job_whose_payload_has_no_row_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET payload_id = 'gone'")
    assert found(site) == ["I10 job 1: refers to payloads that are not there"]


def test_events_of_a_job_that_has_no_row_are_found(site: GoodSite) -> None:
    site.spoil("UPDATE events SET job_id = 9 WHERE seq = 4")
    assert found(site) == ["I10 row 4 of events refers to jobs that are not there"]


@pytest.mark.parametrize("what", ["INDEX jobs_of_user", "TABLE overrides"])
def test_a_table_or_an_index_that_is_missing_is_found(site: GoodSite, what: str) -> None:
    site.spoil(f"DROP {what}")
    assert found(site, is_quick=True) == [f"I10 database: {what.split()[1]} is missing"]
