"""The grammar itself is tested in tests/domain/test_filters.py."""

import pytest

from joborch.tui.filters import everything, parse_filter
from tests.support.builders import FrozenClock
from tests.support.views import NOON, a_job_view


def test_me_is_who_looks() -> None:
    passes = parse_filter("user:me", me="ann")

    assert passes(a_job_view(user_id="ann"))
    assert not passes(a_job_view(user_id="bob"))


def test_an_empty_filter_is_one_that_need_not_be_asked() -> None:
    assert parse_filter("  ", me="ann") is everything
    assert everything(a_job_view())


def test_an_age_is_that_of_the_moment_at_which_it_is_asked() -> None:
    clock = FrozenClock(NOON)
    passes = parse_filter("age>2h", me="ann", now=clock.now)
    young = passes(a_job_view())

    clock.advance(hours=2, seconds=1)

    assert (young, passes(a_job_view())) == (False, True)


def test_a_filter_that_is_none_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match=r"'stat:x' at 1: stat: is no condition; state\?"):
        parse_filter("stat:x", me="ann")
