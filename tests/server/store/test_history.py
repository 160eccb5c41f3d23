"""Pages of the event log, over many more events than a page looks at."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from joborch.domain.jobs import NewJob
from joborch.server.store import history, jobs, schema, submissions
from joborch.server.store.database import Transaction, connect
from joborch.server.store.history import LONGEST_SPAN, HistoryQuery
from joborch.server.store.listing import JobQuery
from joborch.server.store.submissions import Payload
from joborch.server.store.tables import EVENTS
from joborch.wire.events import EventPage

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LAST = LONGEST_SPAN + 3
"""Ann's job has events 1 and ``LAST``, Bob's all that are between."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    path: Path = tmp_path_factory.mktemp("history") / "x.db"
    schema.prepare(path)
    engine = connect(path)
    with engine.connect() as made, made.begin():
        transaction = Transaction(made)
        submissions.add_payload(transaction, Payload(id="p", files={"run.sh": 1}), at=NOW)
        for user in ("ann", "bob"):
            new = NewJob(user_id=user, service="example", name="n")
            jobs.add(transaction, [new], payload_id="p", batch_id=None, actor="t", at=NOW)
        made.execute(insert(EVENTS), [an_event(2) for _ in range(LONGEST_SPAN)])
        made.execute(insert(EVENTS), [an_event(1)])
        yield made
    engine.dispose()


def an_event(job_id: int) -> dict[str, object]:
    return {
        "job_id": job_id,
        "attempt": 0,
        "event": "set",
        "from_state": "queued",
        "to_state": "queued",
        "actor": "t",
        "at": NOW,
        "detail": {},
    }


def of(user: str) -> JobQuery:
    return JobQuery(users=(user,))


def seqs(page: EventPage) -> list[int]:
    return [event.seq for event in page.items]


def test_a_page_looks_at_so_many_events_and_says_where_to_go_on(connection: Connection) -> None:
    newest = history.page(connection, HistoryQuery(jobs=of("ann")))
    assert (seqs(newest), newest.next) == ([LAST], str(LAST - LONGEST_SPAN + 1))

    older = history.page(connection, HistoryQuery(jobs=of("ann"), before=int(newest.next or 0)))
    assert (seqs(older), older.next) == ([1], None)


def test_before_what_has_not_happened_yet_is_everything(connection: Connection) -> None:
    newest = history.page(connection, HistoryQuery(jobs=of("ann")))

    assert history.page(connection, HistoryQuery(jobs=of("ann"), before=2**62)) == newest


def test_so_it_does_forward_and_may_find_nothing_at_first(connection: Connection) -> None:
    first = history.page(connection, HistoryQuery(jobs=of("ann"), after=1))
    assert (seqs(first), first.next) == ([], str(LONGEST_SPAN + 1))

    rest = history.page(connection, HistoryQuery(jobs=of("ann"), after=int(first.next or 0)))
    assert (seqs(rest), rest.next) == ([LAST], None)


def test_what_happened_to_a_job_is_found_wherever_it_is(connection: Connection) -> None:
    page = history.page(connection, HistoryQuery(jobs=JobQuery(ids=(1,))))
    assert (seqs(page), page.next) == ([1, LAST], None)


def test_pages_of_everything_meet_without_a_gap(connection: Connection) -> None:
    newest = history.page(connection, HistoryQuery(limit=3))
    older = history.page(connection, HistoryQuery(limit=2, before=int(newest.next or 0)))
    assert [*seqs(older), *seqs(newest)] == [*range(LAST - 4, LAST + 1)]

    first = history.page(connection, HistoryQuery(limit=3, after=0))
    second = history.page(connection, HistoryQuery(limit=2, after=int(first.next or 0)))
    assert [*seqs(first), *seqs(second)] == [1, 2, 3, 4, 5]


def test_between_two_events_the_newest_come_first(connection: Connection) -> None:
    page = history.page(connection, HistoryQuery(limit=2, after=10, before=15))
    assert (seqs(page), page.next) == ([13, 14], "13")

    rest = history.page(connection, HistoryQuery(limit=2, after=10, before=13))
    assert (seqs(rest), rest.next) == ([11, 12], None)


@pytest.mark.parametrize(
    "nothing",
    [
        HistoryQuery(before=0),
        HistoryQuery(before=1),
        HistoryQuery(after=LAST),
        HistoryQuery(after=2**62),
        HistoryQuery(after=7, before=8),
        HistoryQuery(after=9, before=3),
        HistoryQuery(jobs=of("nobody"), before=100),
    ],
)
def test_where_nothing_is_is_the_end(connection: Connection, nothing: HistoryQuery) -> None:
    page = history.page(connection, nothing)
    assert (page.items, page.next) == ([], None)
