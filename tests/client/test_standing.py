"""What is said to keep jobs that wait: only what is so, the nearest to the user first."""

from typing import Any

import pytest

from joborch.client.standing import is_open, told, what_is_full, what_keeps, with_place
from joborch.wire.services import PauseView, ServiceView, UsageView
from tests.support.views import NOON


def a_service(**but: Any) -> ServiceView:
    facts: dict[str, Any] = {
        "name": "example",
        "per_user": 5,
        "max": 10,
        "active": 2,
        "queued": 3,
        "agents": 1,
        "slots": 8,
        "time_limit_s": None,
        "configured": True,
    }
    return ServiceView(**facts | but)


def use(active: int) -> UsageView:
    return UsageView(user_id="1", service="example", active=active, queued=3, limit=5)


@pytest.mark.parametrize(
    ("used", "service", "said"),
    [
        (use(5), a_service(), "quota 5/5"),
        (use(4), a_service(), None),
        (None, a_service(), None),
        (use(4), a_service(active=10), "service 10/10"),
        (use(4), a_service(active=10, max=None, slots=20), None),
        (use(4), a_service(agents=0, slots=0), "no agent up"),
        (use(4), a_service(active=8), None),
        (use(5), a_service(paused=PauseView(at=NOON, by="ann", reason=None)), "service paused"),
        (use(4), None, None),
    ],
)
def test_what_is_full_is_said_with_its_numbers(
    used: UsageView | None, service: ServiceView | None, said: str | None
) -> None:
    assert what_is_full(used, service) == said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("agent_full", "agents full"),
        ("next", "starting"),
        ("quota_user", "host failed"),
        (None, "host failed"),
    ],
)
def test_what_the_server_knows_is_said_before_what_is_recorded(
    reason: str | None, said: str
) -> None:
    assert told(reason, "host failed") == said
    assert told(None) == "in line"


@pytest.mark.parametrize(
    ("said", "place", "cell"),
    [
        ("quota 5/5", 1, "quota 5/5 · next"),
        ("quota 5/5", 3, "quota 5/5 · #3"),
        ("agents full", 1, "agents full · #1"),
        ("in line", 2, "in line · #2"),
        ("starting", 1, "starting"),
        ("no agent up", 1, "no agent up"),
        ("quota 5/5", None, "quota 5/5"),
    ],
)
def test_who_is_first_of_his_own_line_is_next_only_for_his_own_quota(
    said: str, place: int | None, cell: str
) -> None:
    assert with_place(said, place) == cell


@pytest.mark.parametrize(
    ("full", "reason", "said"),
    [
        ("quota 2/2", "batch_limit", "batch full"),
        ("service paused", "batch_limit", "service paused"),
        ("quota 2/2", "quota_user", "quota 2/2"),
        ("quota 2/2", None, "quota 2/2"),
        (None, "agent_full", "agents full"),
    ],
)
def test_a_batchs_own_limit_goes_before_what_else_is_full(
    full: str | None, reason: str | None, said: str
) -> None:
    assert what_keeps(full, reason) == said


def test_the_server_is_asked_of_jobs_whose_batch_may_keep_them() -> None:
    assert is_open(None, batch=None)
    assert is_open("quota 2/2", batch="b-3")
    assert not is_open("quota 2/2", batch=None)
    assert not is_open("service paused", batch="b-3")
