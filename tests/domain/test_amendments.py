from datetime import timedelta

from joborch.domain.amendments import Amendment, differences
from tests.support.builders import NOON, a_job


def test_what_is_not_named_stays() -> None:
    job = a_job(priority=70, tags={"run": "night"}, time_limit=timedelta(hours=1), not_before=NOON)

    assert Amendment().of(job) == job


def test_every_value_can_be_changed() -> None:
    amendment = Amendment(
        priority=0, name="later", time_limit=timedelta(minutes=1), not_before=NOON
    )

    changed = amendment.of(a_job())

    assert (changed.priority, changed.name) == (0, "later")
    assert (changed.time_limit, changed.not_before) == (timedelta(minutes=1), NOON)


def test_nothing_is_a_value_too() -> None:
    job = a_job(time_limit=timedelta(hours=1), not_before=NOON)

    changed = Amendment(time_limit=None, not_before=None).of(job)

    assert (changed.time_limit, changed.not_before) == (None, None)


def test_tags_are_added_replaced_and_removed_one_by_one() -> None:
    job = a_job(tags={"kept": "1", "old": "1", "gone": "1"})

    changed = Amendment(tags={"old": "2", "new": "2", "gone": None, "never": None}).of(job)

    assert changed.tags == {"kept": "1", "old": "2", "new": "2"}


def test_a_difference_has_both_values_in_plain_words() -> None:
    old = a_job(tags={"run": "night"})
    new = Amendment(priority=80, time_limit=timedelta(minutes=1), not_before=NOON).of(old)

    assert differences(old, new) == {
        "priority": {"old": 50, "new": 80},
        "time_limit_s": {"old": None, "new": 60.0},
        "not_before": {"old": None, "new": "2026-03-01T12:00:00+00:00"},
    }
    assert differences(old, old) == {}


def test_all_mistakes_are_named() -> None:
    amendment = Amendment(priority=101, name="a\nb", tags={"": "x", "ok": None})

    assert [mistake.partition(":")[0] for mistake in amendment.mistakes()] == [
        "priority",
        "name",
        "tag ''",
    ]
    assert Amendment(priority=100, name="fine", tags={"k": "v"}).mistakes() == []
