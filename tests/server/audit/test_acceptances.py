from joborch.server.audit import acceptances, ledger
from tests.faults.a_good_site import GoodSite

KEY = (
    "INSERT INTO idempotency (user_id, key, fingerprint, first_job_id, jobs, created_at)"
    " VALUES ('{}', 'k', 'f', {}, {}, 0)"
)
BATCH = "INSERT INTO batches (id, size, at_once, active, created_at) VALUES (1, {}, NULL, 0, 0)"


def found(site: GoodSite) -> list[str]:
    with ledger.opened(site.path) as opened:
        findings = [*acceptances.keeps_what_was_accepted(opened)]
    return [f"{finding.invariant} {finding}" for finding in findings]


def test_a_key_and_a_batch_that_have_their_jobs_are_in_order(site: GoodSite) -> None:
    site.spoil(KEY.format("ann", 1, 1))
    site.spoil(BATCH.format(1))
    site.spoil("UPDATE jobs SET batch_id = 1, array_index = 7")
    assert found(site) == []


def test_a_job_that_is_gone_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET id = 5")
    site.spoil("UPDATE sqlite_sequence SET seq = 6 WHERE name = 'jobs'")
    assert found(site) == ["I8 jobs 1 to 4 are gone", "I8 job 6 is gone"]


def test_an_event_that_is_gone_is_found(site: GoodSite) -> None:
    site.spoil("DELETE FROM events WHERE seq = 3")
    assert found(site) == ["I8 event 3 is gone"]


def test_the_newest_event_is_missed_too(site: GoodSite) -> None:
    site.spoil("DELETE FROM events WHERE seq = 8")
    assert found(site) == ["I8 event 8 is gone"]


def test_a_key_whose_jobs_are_gone_is_found(site: GoodSite) -> None:
    site.spoil(KEY.format("ann", 1, 3))
    assert found(site) == ["I8 key k: stands for 3 jobs of ann from 1 on, there are 1"]


def test_a_key_that_leads_to_the_jobs_of_another_user_is_found(site: GoodSite) -> None:
    site.spoil(KEY.format("bob", 1, 1))
    assert found(site) == ["I8 key k: stands for 1 jobs of bob from 1 on, there are 0"]


def test_a_batch_whose_jobs_are_gone_is_found(site: GoodSite) -> None:
    site.spoil(BATCH.format(2))
    assert found(site) == ["I8 batch b-1: 2 jobs were accepted, there are 0 of 0 indices"]
