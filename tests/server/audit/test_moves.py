import pytest

from joborch.domain.states import TRANSITIONS
from joborch.server.audit import ledger, moves
from tests.faults.a_good_site import GoodSite

ADD_EVENT = (
    "INSERT INTO events (job_id, attempt, event, from_state, to_state, actor, at, detail)"
    " VALUES (1, 2, '{}', '{}', '{}', 'test', 0, '{{}}')"
)


def found(site: GoodSite) -> list[tuple[str, int | None, str]]:
    with ledger.opened(site.path) as opened:
        return [
            (finding.invariant.value, finding.job_id, finding.message)
            for history in moves.histories(opened)
            for finding in moves.check(history)
        ]


def test_a_job_that_was_run_twice_and_completed_is_in_order(site: GoodSite) -> None:
    assert found(site) == []


def test_a_second_end_is_found(site: GoodSite) -> None:
    site.spoil(ADD_EVENT.format("fail", "completed", "failed"))
    assert found(site) == [
        ("I1", 1, "ended 2 times"),
        ("I1", 1, "moved after its end"),
        ("I2", 1, "completed --fail--> failed while it was completed"),
        ("I2", 1, "is completed, by its events failed"),
    ]


def test_an_end_without_its_time_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET finished_at = NULL")
    assert found(site) == [("I1", 1, "is completed and has no time of its end")]


def test_a_time_of_the_end_without_an_end_is_found(site: GoodSite) -> None:
    site.spoil("DELETE FROM events WHERE event = 'complete'")
    site.spoil("UPDATE jobs SET state = 'running', agent_id = 'a-1'")
    assert found(site) == [("I1", 1, "is running and has time of its end")]


def test_a_state_that_no_event_tells_of_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET state = 'failed'")
    assert found(site) == [("I2", 1, "is failed, by its events completed")]


def test_a_job_without_any_event_is_found(site: GoodSite) -> None:
    site.spoil("DELETE FROM events")
    site.spoil("UPDATE jobs SET attempt = 0, losses = 0")
    assert found(site) == [("I2", 1, "is completed, by its events None")]


def test_a_move_that_the_table_does_not_have_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE events SET event = 'magic' WHERE event = 'complete'")
    assert found(site) == [("I2", 1, "running --magic--> completed while it was running")]


def test_a_fact_that_moves_a_job_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE events SET to_state = 'running' WHERE event = 'reoffered'")
    assert found(site) == [
        ("I2", 1, "assigned --reoffered--> running while it was assigned"),
        ("I2", 1, "assigned --start--> running while it was running"),
    ]


def test_a_job_that_has_ended_and_is_still_held_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET agent_id = 'a-1'")
    assert found(site) == [("I2", 1, "is completed and held by an agent")]


def test_an_attempt_that_was_skipped_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE events SET attempt = 3 WHERE attempt = 2")
    site.spoil("UPDATE jobs SET attempt = 3")
    assert found(site) == [("I4", 1, "queued --assign--> assigned was of attempt 3, not of 2")]


def test_an_end_by_an_older_attempt_is_found(site: GoodSite) -> None:
    site.spoil("UPDATE events SET attempt = 1 WHERE event = 'complete'")
    assert found(site) == [
        ("I4", 1, "running --complete--> completed was of attempt 1, not of 2"),
        ("I4", 1, "is at attempt 2, by its events at 1"),
    ]


def test_losses_that_no_event_tells_of_are_found(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET losses = 2")
    assert found(site) == [("I9", 1, "was lost 2 times, by its events 1")]


@pytest.mark.parametrize("key", TRANSITIONS)
def test_every_move_of_the_table_is_known_as_it_is_stored(key: tuple[str | None, str]) -> None:
    assert moves.TABLE[None if key[0] is None else str(key[0]), str(key[1])]
