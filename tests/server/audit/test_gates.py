from joborch.server.audit import gates, ledger
from tests.faults.a_good_site import GoodSite
from tests.server.audit.test_main import audited

GATE = "INSERT INTO gates (id, digest, created_at) VALUES (7, 'x', 0)"
MEMBER = "INSERT INTO gate_members (gate_id, job_id, kind) VALUES (7, 1, 'ended')"
WAITER = "UPDATE jobs SET gate_id = 7, state = 'queued', finished_at = NULL WHERE id = 1"


def found(site: GoodSite) -> list[str]:
    with ledger.opened(site.path) as opened:
        return [f"{finding.invariant} {finding}" for finding in gates.keep_nobody_in_vain(opened)]


def test_a_site_where_nobody_waits_for_others_is_in_order(site: GoodSite) -> None:
    assert found(site) == []


def test_a_whole_audit_looks_at_it(site: GoodSite) -> None:
    site.spoil(GATE)
    site.spoil(WAITER)
    assert "waits for others, and none of them is left" in {
        finding.message for finding in audited(site).violations
    }


def test_a_job_that_waits_for_nothing_is_named(site: GoodSite) -> None:
    site.spoil(GATE)
    site.spoil(WAITER)
    assert found(site) == ["I11 job 1: waits for others, and none of them is left"]


def test_a_job_whose_end_opened_nothing_is_named_and_so_is_the_gate_that_keeps_nobody(
    site: GoodSite,
) -> None:
    site.spoil(GATE)
    site.spoil(MEMBER)
    assert found(site) == [
        "I11 job 1: has ended, and others wait for its end",
        "I11 job 1: is waited for by nobody, at a gate that was left behind",
    ]
