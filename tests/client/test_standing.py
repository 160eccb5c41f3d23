"""What is said to keep jobs that wait: only what is so, the nearest to the user first."""

from typing import Any

import pytest

from joborch.client.standing import what_is_full
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
        (use(4), a_service(active=8), "agents full"),
        (use(5), a_service(paused=PauseView(at=NOON, by="ann", reason=None)), "service paused"),
        (use(4), None, None),
    ],
)
def test_what_is_full_is_said_with_its_numbers(
    used: UsageView | None, service: ServiceView | None, said: str | None
) -> None:
    assert what_is_full(used, service) == said
