"""Pages of a sorted list, put together, are the list that Python sorts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from joborch.domain.errors import InvalidRequestError
from joborch.domain.jobs import Job
from joborch.domain.sorting import KEYS, parse_sort
from joborch.domain.states import ACTIVE, JobState
from joborch.server.store import listing, schema
from joborch.server.store.database import connect
from joborch.server.store.jobs import job_from
from joborch.server.store.listing import SORTED_BY, JobQuery
from joborch.server.store.tables import EPOCH, JOBS, PAYLOADS
from tests.support.builders import NOON

TEXT = st.sampled_from(["", "a", "A", "ab", "ä", "\U0001f600", "\ufffd", "b'"])
AT = st.integers(0, 3).map(lambda seconds: NOON - timedelta(microseconds=seconds))
FACTS: dict[str, Callable[[Job], Any]] = {
    **{name: attrgetter(name) for name in KEYS},
    "user": attrgetter("user_id"),
    "finished_at": lambda job: job.finished_at or EPOCH,
}
A_JOB = {
    "user_id": "ann",
    "service": "example",
    "name": "dock",
    "state": "queued",
    "submitted_at": NOON,
    "priority": 50,
}
WAITING = [state for state in JobState if state not in ACTIVE]


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A job of few values, so that many are the same."""
    state = draw(st.sampled_from(WAITING))
    return {
        "user_id": draw(TEXT),
        "service": draw(TEXT),
        "name": draw(TEXT),
        "state": state.value,
        "priority": draw(st.integers(0, 2)),
        "submitted_at": draw(AT),
        "finished_at": draw(AT) if state.is_terminal else None,
    }


@st.composite
def orders(draw: st.DrawFn) -> str:
    """Some keys, each up or down."""
    names = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True))
    return ",".join(draw(st.sampled_from(["", "-"])) + name for name in names)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A store without jobs."""
    path = tmp_path_factory.mktemp("store") / "x.db"
    schema.prepare(path)
    engine = connect(path)
    with engine.begin() as connection:
        payload = {"id": "p", "files": [], "size_bytes": 0, "created_at": NOON}
        connection.execute(insert(PAYLOADS), payload)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def put(connection: Connection, jobs: list[dict[str, Any]]) -> None:
    rest = {"payload_id": "p", "attempt": 0, "max_attempts": 3, "losses": 0, "env": {}, "tags": {}}
    stored = [{"id": i, "demand": {}, **rest, **job} for i, job in enumerate(jobs, 1)]
    connection.execute(insert(JOBS), stored)


def paged(connection: Connection, query: JobQuery) -> list[int]:
    jobs, _, following = listing.page(connection, query)
    found = [job.id for job in jobs]
    while following:
        jobs, _, following = listing.page(connection, replace(query, cursor=following))
        found += [job.id for job in jobs]
    return found


def in_order(jobs: list[Job], sort: str) -> list[int]:
    """Sort as Python does: by the last key first, each sort leaving alone what is equal."""
    for key in reversed(parse_sort(sort)):
        jobs = sorted(jobs, key=FACTS[key.name], reverse=key.is_descending)
    return [job.id for job in jobs]


def test_every_key_has_a_column() -> None:
    assert tuple(SORTED_BY) == KEYS


@settings(max_examples=40, deadline=None)
@given(jobs=st.lists(rows(), min_size=1, max_size=7), sort=orders())
def test_pages_of_any_size_are_one_sorted_list(
    store: Connection, jobs: list[dict[str, Any]], sort: str
) -> None:
    with store.begin() as transaction:
        put(store, jobs)
        every = [job_from(row) for row in store.execute(select(JOBS))]
        sizes = range(1, len(jobs) + 2)
        pages = [paged(store, JobQuery(sort=sort, limit=size)) for size in sizes]
        transaction.rollback()

    assert pages == [in_order(every, sort)] * len(pages)


def test_a_cursor_is_of_one_order_only(store: Connection) -> None:
    with store.begin() as transaction:
        put(store, [A_JOB, A_JOB, A_JOB])
        cursor = listing.page(store, JobQuery(sort="name,-user", limit=1))[2]
        with pytest.raises(InvalidRequestError, match="cursor"):
            listing.page(store, JobQuery(sort="name,user", cursor=cursor))
        transaction.rollback()
