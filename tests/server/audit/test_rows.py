import pytest

from joborch.server.audit import ledger, rows
from tests.faults.a_good_site import GoodSite

AGENT = (
    "INSERT INTO agents VALUES ('a', 'compute-1', x'00', 'host', '1', '{}', '{}', '{}', 1,"
    " NULL, 0, 0, NULL)"
)
RUNNING = "state = 'running', agent_id = 'a', finished_at = NULL"


def found(site: GoodSite) -> list[str]:
    with ledger.opened(site.path) as opened:
        return [f"{one.invariant} {one}" for one in rows.contradict_nothing(opened)]


def test_a_job_that_contradicts_nothing_is_in_order(site: GoodSite) -> None:
    assert found(site) == []


@pytest.mark.parametrize(
    ("change", "contradiction"),
    [
        ("results_bytes = NULL", "I5 job 1: has results that are not described whole"),
        ("results_sha256 = 'abc'", "I5 job 1: has results that are not described whole"),
        (
            "state = 'running', agent_id = 'b', finished_at = NULL, results_sha256 = NULL,"
            " results_bytes = NULL",
            "I2 job 1: is held by an agent that is not known",
        ),
        (RUNNING, "I5 job 1: has results, or had, and has not ended"),
        ("array_index = 3", "I8 job 1: has a place in a batch, or a batch, but not both"),
        ("priority = 101", "I10 job 1: has a priority that is not from 0 to 100"),
    ],
)
def test_a_job_that_contradicts_itself_is_found(
    site: GoodSite, change: str, contradiction: str
) -> None:
    site.spoil(AGENT, f"UPDATE jobs SET {change}")  # noqa: S608 - from above
    assert found(site) == [contradiction]
