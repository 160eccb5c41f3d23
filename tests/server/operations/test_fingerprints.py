import asyncio
from dataclasses import dataclass, field, make_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from joborch.domain.agents import Demand
from joborch.domain.errors import IdempotencyError
from joborch.domain.jobs import NewJob
from joborch.server.operations.fingerprints import said
from joborch.server.store.tables import IDEMPOTENCY
from tests.server.operations.test_retry import retry_job
from tests.support.bench import Bench, a_bench
from tests.support.builders import NOON

ASKED: dict[str, Any] = {
    "tags": {"b": "1", "a": "2"},
    "demand": Demand(cpus=2, labels={"disk": "ssd"}),
    "time_limit": timedelta(minutes=5),
    "not_before": NOON,
}
SUBMITTED_BEFORE = (
    "7c5a4b7f NewJob(user_id='ann', service='example', name='hello', priority=50,"
    " tags={'b': '1', 'a': '2'}, env={},"
    " demand=Demand(slots=1, cpus=2, memory_bytes=0, gpus=0, labels={'disk': 'ssd'}),"
    " time_limit=datetime.timedelta(seconds=300), max_attempts=3, array_index=None,"
    " is_held=False,"
    " not_before=datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc),"
    " invalid_because=None) ArraySpec(indices=(1, 2, 3), at_once=None)"
)
RETRIED_BEFORE = "retry of 1 Again(accepts_completed=True, priority=None, key='r')"


async def stored(bench: Bench, key: str) -> str:
    query = select(IDEMPOTENCY.c.fingerprint).where(IDEMPOTENCY.c.key == key)
    return await bench.parts.database.read(lambda c: str(c.execute(query).scalar_one()))


async def store(bench: Bench, key: str, fingerprint: str) -> None:
    as_before = update(IDEMPOTENCY).where(IDEMPOTENCY.c.key == key)
    await bench.parts.database.write(
        lambda t: t.connection.execute(as_before.values(fingerprint=fingerprint))
    )


def test_what_was_asked_for_is_said_by_name_and_defaults_are_not() -> None:
    new = NewJob(user_id="ann", service="example", name="hello", **ASKED)
    assert said(new) == (
        '{"demand":{"cpus":2,"labels":{"disk":"ssd"}},"name":"hello",'
        '"not_before":"2026-03-01T12:00:00+00:00","service":"example",'
        '"tags":{"a":"2","b":"1"},"time_limit":300.0,"user_id":"ann"}'
    )


def test_a_version_in_which_more_can_be_asked_for_says_the_same() -> None:
    @dataclass
    class Wish:
        name: str
        tags: dict[str, str] = field(default_factory=dict)

    more = [("is_urgent", bool, False), ("notes", list[str], field(default_factory=list))]
    later = make_dataclass("LaterWish", more, bases=(Wish,))
    assert said(later("a")) == said(Wish("a")) == '{"name":"a"}'
    assert said(later("a", is_urgent=True)) == '{"is_urgent":true,"name":"a"}'


def test_a_submission_that_an_earlier_version_stored_is_known_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            first = await bench.submit(key="k", array="1-3", **ASKED)
            files = (await stored(bench, "k")).split()[0]
            await store(bench, "k", SUBMITTED_BEFORE.replace("7c5a4b7f", files))
            again = await bench.submit(key="k", array="1-3", **ASKED)
            assert (again.is_duplicate, again.jobs[0].id) == (True, first.jobs[0].id)
            with pytest.raises(IdempotencyError):
                await bench.submit(key="k", array="1-4", **ASKED)

    asyncio.run(story())


def test_a_retry_that_an_earlier_version_stored_is_known_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease)
            made = await retry_job(bench, job_id, key="r", accepts_completed=True)
            await store(bench, "r", RETRIED_BEFORE)
            again = await retry_job(bench, job_id, key="r", accepts_completed=True)
            assert (again.is_duplicate, again.job.id) == (True, made.job.id)

    asyncio.run(story())


def test_a_submission_is_known_again_though_its_service_allows_less_now(tmp_path: Path) -> None:
    async def submitted(service: str) -> bool:
        async with a_bench(tmp_path, service) as bench:
            return (await bench.submit(key="k")).is_duplicate

    assert not asyncio.run(submitted("example:time_limit=2h"))
    assert asyncio.run(submitted("example:time_limit=1h"))
