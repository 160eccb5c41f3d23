import pytest

from joborch.server.audit import ledger, rows
from tests.faults.a_good_site import GoodSite

AGENT = (
    "INSERT INTO agents VALUES ('a', 'compute-1', x'00', 'host', '1', '{}', '{}', '{}', 1,"
    " NULL, 0, 0, NULL)"
)
WITH_RESULTS = (
    "state = 'running', agent_id = 'a', token_hash = x'00', finished_at = NULL, exit_code = NULL"
)
RUNNING = f"{WITH_RESULTS}, results_sha256 = NULL, results_bytes = NULL"
QUEUED = f"{RUNNING}, state = 'queued', agent_id = NULL"


def found(site: GoodSite) -> list[str]:
    with ledger.opened(site.path) as opened:
        return [f"{one.invariant} {one}" for one in rows.contradict_nothing(opened)]


def test_a_job_that_contradicts_nothing_is_in_order(site: GoodSite) -> None:
    assert found(site) == []


@pytest.mark.parametrize(
    ("change", "contradiction"),
    [
        (f"{RUNNING}, agent_id = 'b'", "I2 job 1: is held by an agent that is not known"),
        (f"{RUNNING}, token_hash = NULL", "I2 job 1: is held without the token of a lease"),
        (f"{RUNNING}, held_at = 5", "I2 job 1: is kept from starting, and has been given out"),
        (f"{QUEUED}, cancel_requested_at = 5", "I2 job 1: is to be cancelled, and waits"),
        ("started_at = 9", "I2 job 1: ended before it started"),
        ("exit_code = 3", "I2 job 1: has another exit status or signal than its end told of"),
        ("signal = 9", "I2 job 1: has another exit status or signal than its end told of"),
        ("results_removed_at = 7", "I5 job 1: has results removed, and no event tells of it"),
        ("results_bytes = NULL", "I5 job 1: has results that are not described whole"),
        ("results_sha256 = 'abc'", "I5 job 1: has results that are not described whole"),
        (WITH_RESULTS, "I5 job 1: has results, or had, and has not ended"),
        ("array_index = 3", "I8 job 1: has a place in a batch, or a batch, but not both"),
        ("priority = 101", "I10 job 1: has a priority that is not from 0 to 100"),
    ],
)
def test_a_job_that_contradicts_itself_is_found(
    site: GoodSite, change: str, contradiction: str
) -> None:
    site.spoil(AGENT, f"UPDATE jobs SET {change}")  # noqa: S608 - from above
    assert found(site) == [contradiction]
