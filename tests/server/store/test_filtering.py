"""What the server answers to a filter is what the dashboard sees with it, whatever the jobs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from joborch.domain.filter_words import quoted
from joborch.domain.filters import parse_filter
from joborch.domain.states import ACTIVE, GROUPS, JobState
from joborch.server.store import listing, schema
from joborch.server.store.database import connect
from joborch.server.store.jobs import job_from
from joborch.server.store.listing import JobQuery
from joborch.server.store.tables import AGENTS, BATCHES, JOBS, PAYLOADS
from joborch.wire.jobs import view_of
from tests.support.builders import NOON

AGENT_NAMES = {"a-1": "compute-1", "a-2": "compute-2", "a-3": "compute-1"}
AN_AGENT = {
    "key_hash": b"",
    "host": "h",
    "version": "1",
    "services": {},
    "capacity": {},
    "labels": {},
    "incarnation": 0,
    "enrolled_at": NOON,
    "seen_at": NOON,
}
A_JOB = {
    "user_id": "ann",
    "service": "example",
    "state": "queued",
    "priority": 50,
    "tags": {},
    "submitted_at": NOON,
}
SOME_S = st.integers(0, 5)
AT = SOME_S.map(lambda seconds: NOON - timedelta(seconds=seconds))
NAMES = r"""ab AB aab b a*b a[b] a?b a%b a_b a\b äb ÄB it's a"b b,a a=b !ab @x a:b 42 b-1 ^a$"""
PATTERNS = r"ab a* *b *a*b* a *[b] a[* a?* ? % _ A AB a_ \ *\b ä Ä* ** b** *x aab*b"
TEXTS, GLOBS = NAMES.split(), PATTERNS.split()
SEARCHES = ["a", "^a", "^ab$", "b$", "^a*b$", "%", "_", "A", "ä$", "^"]
TEXT = st.sampled_from(TEXTS)
VALUES = st.lists(st.sampled_from(TEXTS + GLOBS), min_size=1, max_size=2).map(
    lambda values: ",".join(map(quoted, values))
)
COMPARED = st.sampled_from(["<", "<=", ">", ">="])
NUMBERS = st.integers(0, 3).map(str)
RANGES = st.sampled_from(["1", "2-4", "1-9:2", "3,5-6"])


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A job as it is stored: its facts need not fit together, but for what the schema demands."""
    state = draw(st.sampled_from(JobState))
    return {
        "user_id": draw(TEXT),
        "service": draw(TEXT),
        "name": draw(TEXT),
        "state": state.value,
        "batch_id": draw(st.sampled_from([None, 1, 2])),
        "array_index": draw(st.none() | SOME_S),
        "priority": draw(st.integers(0, 3)),
        "agent_id": "a-1" if state in ACTIVE else None,
        "last_agent_id": draw(st.sampled_from([None, *AGENT_NAMES])),
        "tags": draw(st.dictionaries(TEXT, TEXT, max_size=2)),
        "submitted_at": draw(AT),
        "started_at": draw(st.none() | AT),
        "finished_at": draw(AT) if state.is_terminal else None,
        "held_at": draw(st.none() | AT),
        "exit_code": draw(st.none() | st.integers(0, 3)),
        "reason": draw(st.none() | TEXT),
    }


@st.composite
def words(draw: st.DrawFn) -> str:
    """One word of a filter, of any kind."""
    kinds = [
        st.sampled_from([f"state:{each}" for each in [*JobState, *GROUPS, "held", "held,failed"]]),
        st.sampled_from(["user:", "service:", "name:", "name~^", "reason:", "tag:"]).flatmap(
            lambda key: VALUES.map(lambda values: key + values)
        ),
        st.sampled_from(["agent:compute-1", "agent:*", "agent:compute-2,x", "agent:*-3"]),
        st.tuples(TEXT, TEXT).map(lambda tag: "tag:" + quoted("=".join(tag))),
        st.tuples(st.sampled_from(["age", "run", "ended"]), COMPARED, st.integers(1, 5)).map(
            lambda parts: "{}{}{}s".format(*parts)
        ),
        st.tuples(st.sampled_from(["prio", "exit"]), COMPARED | st.just(":"), NUMBERS).map("".join),
        RANGES.map("id:{}".format),
        RANGES.map("b-1[{}]".format),
        st.sampled_from(["batch:b-1", "batch:1,b-2"]),
        VALUES,
    ]
    return draw(st.sampled_from(["", "!"])) + draw(st.one_of(kinds))


def is_filter(text: str) -> bool:
    try:
        return bool(parse_filter(text))
    except ValueError:
        return False


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A store with agents and batches, and no jobs yet."""
    path = tmp_path_factory.mktemp("store") / "x.db"
    schema.prepare(path)
    engine = connect(path)
    with engine.begin() as connection:
        payload = {"id": "p", "files": [], "size_bytes": 0, "created_at": NOON}
        connection.execute(insert(PAYLOADS), payload)
        batches = [{"id": i, "size": 2, "active": 0, "created_at": NOON} for i in (1, 2)]
        connection.execute(insert(BATCHES), batches)
        agents = [{"id": agent, "name": name, **AN_AGENT} for agent, name in AGENT_NAMES.items()]
        connection.execute(insert(AGENTS), agents)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def put(connection: Connection, jobs: list[dict[str, Any]]) -> None:
    rest = {"payload_id": "p", "attempt": 0, "max_attempts": 3, "losses": 0, "env": {}}
    stored = [{"id": i, "demand": {}, **rest, **job} for i, job in enumerate(jobs, 1)]
    connection.execute(insert(JOBS), stored)


def paged(connection: Connection, query: JobQuery) -> list[int]:
    jobs, total, following = listing.page(connection, query)
    found = [job.id for job in jobs]
    while following:
        jobs, _, following = listing.page(connection, replace(query, cursor=following))
        found += [job.id for job in jobs]
    assert total == len(found)
    return found


def passing(connection: Connection, jobs: list[dict[str, Any]], text: str) -> tuple[Any, Any]:
    """Return the ids of the jobs that match, and of those that the server answers with."""
    wanted = parse_filter(text)
    with connection.begin() as transaction:
        put(connection, jobs)
        every = [job_from(row) for row in connection.execute(select(JOBS).order_by(JOBS.c.id))]
        answered = paged(connection, JobQuery(filter=wanted, now=NOON, sort="id", limit=2))
        transaction.rollback()
    views = [view_of(job, AGENT_NAMES.get(job.last_agent_id or "")) for job in every]
    return [view.id for view in views if wanted.matches(view, NOON)], answered


@settings(max_examples=200, deadline=None)
@given(
    jobs=st.lists(rows(), min_size=1, max_size=8),
    text=st.lists(words(), min_size=1, max_size=3).map(" ".join).filter(is_filter),
)
def test_what_matches_is_what_the_server_answers(
    store: Connection, jobs: list[dict[str, Any]], text: str
) -> None:
    matching, answered = passing(store, jobs, text)

    assert answered == matching


@pytest.mark.parametrize(
    "word",
    [*map(quoted, GLOBS), *(f"name:{each}" for each in GLOBS), *(f"name~{e}" for e in SEARCHES)],
)
def test_a_pattern_means_the_same_to_the_database(store: Connection, word: str) -> None:
    named = [A_JOB | {"name": name} for name in TEXTS]

    matching, answered = passing(store, named, word)

    assert answered == matching
