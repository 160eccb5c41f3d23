"""A quota of one's own: larger, smaller, zero, and taken back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from joborch.domain.errors import QueueFullError, ServiceNotFoundError
from joborch.server.operations import retry
from joborch.server.operations.retry import Again
from joborch.wire.services import OverrideView
from tests.server.operations.operators import allows, use, why
from tests.support.bench import Bench, a_bench
from tests.support.builders import NOON

SERVICE = "example:per_user=2"


@contextmanager
def refused_for_want_of_room() -> Iterator[None]:
    with pytest.raises(QueueFullError, match="ann may have 3 jobs waiting for example: "):
        yield


async def given(bench: Bench, user: str = "ann") -> int:
    """Have all that may start now be started; returns how many the user then has."""
    agent = await bench.agent("all", slots=99)
    await agent.poll()
    return (await bench.usage(user))[0]


@pytest.mark.parametrize("running", [0, 1, 2, 4])
def test_it_holds_in_place_of_the_services(tmp_path: Path, running: int) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            await bench.submit(array="1-9")
            await allows(bench, "ann", running=running)

            assert await given(bench) == running

    asyncio.run(story())


def test_it_is_one_users_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            await bench.submit(array="1-9", user="bob")
            await allows(bench, "ann", running=4)

            assert await given(bench, "bob") == 2

    asyncio.run(story())


def test_it_ends_nothing_and_gives_nothing_until_there_is_room(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            agent = await bench.agent(slots=9)
            await bench.submit(array="1-9")
            first, second = await agent.take(2)

            await allows(bench, "ann", running=1)

            assert await agent.report(first) == "recorded"
            assert (await agent.poll()).leases == []
            assert await agent.report(second) == "recorded"
            assert len(await agent.take(1)) == 1

    asyncio.run(story())


def test_all_users_together_still_have_no_more_than_there_is(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=2,max=3") as bench:
            await bench.submit(array="1-9")
            await allows(bench, "ann", running=9)

            assert await given(bench) == 3

    asyncio.run(story())


def test_it_outlives_the_server_and_can_be_taken_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            await allows(bench, "ann", running=0)
            await bench.submit(array="1-9")
        async with a_bench(tmp_path, SERVICE) as bench:
            assert await given(bench) == 0
            await allows(bench, "ann", running=None)
            assert await given(bench) == 2
            assert (await use(bench, "ann")).override is None

    asyncio.run(story())


def test_what_is_not_named_stays(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            await allows(bench, "ann", running=7)
            await allows(bench, "ann", queued=9)

            shown = await use(bench, "ann")

            assert (shown.limit, shown.queued_limit) == (7, 9)
            assert shown.override == OverrideView(running=7, queued=9, at=NOON, by="eve")

    asyncio.run(story())


def test_a_service_that_there_is_not_is_not_found(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            with pytest.raises(ServiceNotFoundError):
                await allows(bench, "ann", service="nope", running=1)

    asyncio.run(story())


def test_a_job_that_waits_for_it_says_who_set_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            agent = await bench.agent()
            await allows(bench, "ann", running=1)
            await bench.submit_one()
            await agent.take(1)
            job_id = await bench.submit_one()

            said = await why(bench, job_id)

            assert (said.reason, said.user_limit) == ("quota_user", 1)
            assert "is used up: 1/1 (set by an operator)" in said.message
            assert said.remedies[1] == "allow ann more: joborch quota set ann example running=2"
            assert not [text for text in said.remedies if "serve" in text]

    asyncio.run(story())


def test_a_user_who_may_run_nothing_is_told_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, SERVICE) as bench:
            await bench.agent()
            await allows(bench, "ann", running=0)

            said = await why(bench, await bench.submit_one())

            assert said.reason == "quota_user"
            assert "quota of ann for example is 0 (set by an operator)" in said.message

    asyncio.run(story())


def test_a_submission_beyond_what_may_wait_is_refused_whole(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await allows(bench, "ann", queued=3)
            await bench.submit(array="1-2")

            with refused_for_want_of_room():
                await bench.submit(array="1-2")

            assert await bench.usage() == (0, 2)
            await bench.submit()
            await bench.submit(user="bob", array="1-9")

    asyncio.run(story())


def test_a_submission_that_is_refused_leaves_no_files(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await allows(bench, "ann", queued=3)
            before = set(tmp_path.rglob("run.sh"))

            with refused_for_want_of_room():
                await bench.submit(array="1-4")

            assert set(tmp_path.rglob("run.sh")) == before

    asyncio.run(story())


def test_what_was_accepted_before_is_answered_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await allows(bench, "ann", queued=3)
            first = await bench.submit(array="1-3", key="monday")

            again = await bench.submit(array="1-3", key="monday")

            assert again.is_duplicate
            assert again.jobs == first.jobs

    asyncio.run(story())


def test_jobs_that_are_tried_once_more_have_to_find_room_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            job_id = await bench.submit_one()
            await agent.report((await agent.take())[0], "failed", exit_code=1)
            await bench.submit(array="1-3")
            await allows(bench, "ann", queued=3)
            parts = bench.parts

            with refused_for_want_of_room():
                await retry.retry(
                    job_id,
                    Again(),
                    actor="user:ann",
                    database=parts.database,
                    blobs=parts.blobs,
                    catalog=parts.catalog,
                    clock=parts.clock,
                    wake=parts.wake,
                )

    asyncio.run(story())
