from collections.abc import Mapping

import pytest

from joborch.domain.quotas import Limits
from joborch.server.audit import ledger, quotas
from tests.faults.a_good_site import GoodSite

BATCH = "INSERT INTO batches (id, size, at_once, active, created_at) VALUES (1, 1, {}, 0, 0)"

OVERRIDE = "INSERT INTO overrides VALUES ('fast', 'ann', {}, NULL, {}, 'eve')"


def exceeded(site: GoodSite, limits: Mapping[str, Limits]) -> list[str]:
    with ledger.opened(site.path) as opened:
        findings = [*quotas.exceeded(opened, limits), *quotas.exceeded_batches(opened)]
    return [f"{finding.invariant} {finding}" for finding in findings]


def miscounted(site: GoodSite) -> list[str]:
    with ledger.opened(site.path) as opened:
        return [f"{finding.invariant} {finding}" for finding in quotas.counts_right(opened)]


def test_who_stays_within_the_quota_is_not_named(site: GoodSite) -> None:
    assert exceeded(site, {"fast": Limits(per_user=1, total=1)}) == []


@pytest.mark.parametrize(
    ("limits", "who"),
    [(Limits(per_user=0), "user ann"), (Limits(total=0), "all users together")],
)
def test_who_held_more_than_the_quota_is_named_once(
    site: GoodSite, limits: Limits, who: str
) -> None:
    found = exceeded(site, {"fast": limits})
    assert found == [f"I3 {who} held 1 of fast, 0 allowed, reached at event 2"]


def test_a_slot_that_was_never_given_back_counts_on(site: GoodSite) -> None:
    site.spoil("DELETE FROM events WHERE event = 'requeue'")
    found = exceeded(site, {"fast": Limits(per_user=1)})
    assert found == ["I3 user ann held 2 of fast, 1 allowed, reached at event 5"]


@pytest.mark.parametrize(
    ("running", "since", "found"),
    [
        (1, 0, []),
        (0, 0, ["I3 user ann held 1 of fast, 0 allowed, reached at event 2"]),
        (0, 2**62, []),
    ],
)
def test_what_an_operator_set_for_a_user_holds_since_then(
    site: GoodSite, running: int, since: int, found: list[str]
) -> None:
    site.spoil(OVERRIDE.format(running, since))
    assert exceeded(site, {"fast": Limits(per_user=0 if running else 1)}) == found


def test_nothing_is_said_of_a_service_whose_quota_is_not_known(site: GoodSite) -> None:
    assert exceeded(site, {"slow": Limits(per_user=0)}) == []


def test_a_batch_that_had_more_active_than_asked_for_is_named(site: GoodSite) -> None:
    site.spoil(BATCH.format(0))
    site.spoil("UPDATE jobs SET batch_id = 1")
    assert exceeded(site, {}) == ["I3 batch b-1 had more than 0 active, first at event 2"]


def test_a_batch_that_kept_to_its_limit_is_not(site: GoodSite) -> None:
    site.spoil(BATCH.format(1))
    site.spoil("UPDATE jobs SET batch_id = 1")
    assert exceeded(site, {}) == []


def test_counters_that_are_right_are_not_named(site: GoodSite) -> None:
    assert miscounted(site) == []


@pytest.mark.parametrize("kind", ["active", "queued"])
def test_a_counter_that_is_wrong_is_named(site: GoodSite, kind: str) -> None:
    site.spoil(f"UPDATE usage SET {kind} = 1 WHERE user_id = ''")  # noqa: S608 - from above
    assert miscounted(site) == [f"I9 usage of fast/*: 1 {kind}, counted 0"]


def test_a_counter_that_is_not_there_is_named(site: GoodSite) -> None:
    site.spoil("DELETE FROM usage")
    site.spoil("UPDATE jobs SET state = 'queued', finished_at = NULL")
    assert miscounted(site) == [
        "I9 usage of fast/*: 0 queued, counted 1",
        "I9 usage of fast/ann: 0 queued, counted 1",
    ]


def test_a_batch_that_is_counted_wrong_is_named(site: GoodSite) -> None:
    site.spoil(BATCH.format("NULL").replace("NULL, 0, 0)", "NULL, 3, 0)"))
    assert miscounted(site) == ["I9 batch b-1: 3 active, counted 0"]
