from datetime import timedelta

import pytest

from joborch.domain.errors import InvalidRequestError
from joborch.domain.services import parse_service


def test_a_service_is_read_with_its_options() -> None:
    service = parse_service("haddock3:per_user=2,max=10,time_limit=1h,max_attempts=5,lost_after=1m")
    assert service.limits.per_user == 2
    assert service.limits.total == 10
    assert service.time_limit == timedelta(hours=1)
    assert (service.max_attempts, service.lost_after) == (5, timedelta(minutes=1))


def test_a_name_alone_has_the_originals_quota() -> None:
    assert (parse_service("example").limits.per_user, parse_service("example").limits.total) == (
        5,
        None,
    )


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse_service("Bad Name:per_user=x,colour=red")
    assert len(refused.value.mistakes) == 3
