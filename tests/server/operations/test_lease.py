import asyncio
from pathlib import Path

import pytest

from joborch.domain.errors import NotAllowedError, SupersededError
from joborch.domain.states import JobState
from joborch.server.operations import cancel, drain, enrol
from joborch.wire.agents import PollAnswer
from tests.support.bench import Bench, a_bench, a_zip


async def cancel_job(bench: Bench, job_id: int) -> None:
    parts = bench.parts
    await cancel.cancel(
        job_id,
        actor="user:ann",
        database=parts.database,
        roll=parts.roll,
        clock=parts.clock,
        wake=parts.wake,
    )


async def drain_agent(bench: Bench, name: str, *, on: bool) -> None:
    parts = bench.parts
    await drain.drain(
        name, on=on, database=parts.database, roll=parts.roll, clock=parts.clock, wake=parts.wake
    )


def test_an_agent_that_asks_is_given_a_job_with_its_files(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one(files={"run.sh": b"echo", "in/x": b"1"}, env={"A": "b"})
            agent = await bench.agent()
            (lease,) = await agent.take()
            assert (lease.job_id, lease.attempt) == (job_id, 1)
            assert {file.name: file.data for file in lease.files} == {
                "run.sh": b"echo",
                "in/x": b"1",
            }
            assert lease.env == {"A": "b"}
            job = await bench.job(job_id)
            assert (job.state, job.agent_id) == (JobState.ASSIGNED, agent.agent.id)
            assert await bench.usage() == (1, 0)

    asyncio.run(story())


def test_a_large_payload_is_to_be_fetched(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit(files={"run.sh": b"x", "big": bytes(300_000)})
            (lease,) = await (await bench.agent()).take()
            assert [(file.name, file.data) for file in lease.files] == [
                ("run.sh", None),
                ("big", None),
            ]

    asyncio.run(story())


def test_no_agent_gets_more_than_its_slots(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit(array="1-5")
            agent = await bench.agent(slots=2)
            await agent.take(2)
            assert (await agent.poll()).leases == []

    asyncio.run(story())


def test_a_quota_holds_whatever_room_agents_have(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path, "example:per_user=3,max=4") as bench:
            await bench.submit(array="1-9")
            await bench.submit(user="bob", array="1-9")
            first, second = await bench.agent("one", 10), await bench.agent("two", 10)
            leases = [*(await first.poll()).leases, *(await second.poll()).leases]
            users = sorted(lease.user_id for lease in leases)
            assert len(users) == 4
            assert users.count("ann") <= 3
            assert await bench.counter_drift() == []

    asyncio.run(story())


def test_an_array_with_a_limit_of_its_own_keeps_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit(array="1-9%2")
            after = await bench.submit_one()
            agent = await bench.agent(slots=9)
            leases = await agent.take(3)
            assert sum(lease.batch is not None for lease in leases) == 2
            assert after in {lease.job_id for lease in leases}

    asyncio.run(story())


def test_a_lease_whose_answer_was_lost_is_offered_again_with_a_new_token(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lost,) = await agent.take()
            agent.known.clear()
            (lease,) = await agent.take()
            assert (lease.job_id, lease.attempt) == (job_id, 1)
            assert lease.token != lost.token
            assert await agent.report(lost) == "discard"
            assert await agent.report(lease) == "recorded"

    asyncio.run(story())


def test_a_running_attempt_that_its_agent_has_forgotten_is_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.start(lease)
            agent.known.clear()
            assert (await agent.poll()).leases == []
            assert (await bench.job(job_id)).state is JobState.QUEUED
            bench.clock.advance(seconds=11)
            (again,) = await agent.take()
            assert again.attempt == 2

    asyncio.run(story())


def test_the_newest_process_of_an_agent_is_served_and_older_ones_are_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            older = await agent.ask()
            agent.incarnation = 2
            await agent.poll()
            with pytest.raises(SupersededError):
                await older
            agent.incarnation = 1
            with pytest.raises(SupersededError):
                await agent.hold()

    asyncio.run(story())


def test_an_older_process_is_refused_even_after_the_server_restarted(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            agent.incarnation = 5
            await agent.poll()
            known = agent.agent
        async with a_bench(tmp_path) as bench:
            again = await bench.agent()
            again.agent, again.incarnation = known, 4
            with pytest.raises(SupersededError):
                await again.hold()

    asyncio.run(story())


def test_a_cancel_is_told_to_the_agent_that_holds_the_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            held = await agent.ask()
            await cancel_job(bench, job_id)
            answer = await held
            assert [(one.job_id, one.attempt) for one in answer.cancels] == [(job_id, 1)]
            assert await bench.usage() == (1, 0)
            assert await agent.report(lease, "cancelled", results=a_zip(part="x")) == "recorded"
            job = await bench.job(job_id)
            assert (job.state, job.has_results) == (JobState.CANCELLED, True)
            assert job.reason == "cancelled by ann"
            assert await bench.usage() == (0, 0)

    asyncio.run(story())


def test_an_attempt_that_is_not_the_agents_any_more_is_to_be_stopped(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease)
            agent.known[lease.job_id, lease.attempt] = lease
            answer = await agent.poll()
            assert [(one.job_id, one.attempt) for one in answer.stops] == [(lease.job_id, 1)]

    asyncio.run(story())


def test_a_draining_agent_is_given_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit()
            agent = await bench.agent()
            assert (await agent.poll(draining=True)).leases == []

    asyncio.run(story())


def test_a_wrong_key_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            with pytest.raises(NotAllowedError):
                await enrol.authenticate(agent.agent.id, "guess", database=bench.parts.database)

    asyncio.run(story())


def test_a_service_that_only_an_agent_offers_can_be_used(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent(services={"found": 2})
            await bench.submit(service="found")
            await agent.take(1)
        async with a_bench(tmp_path) as bench:
            await bench.submit(service="found")

    asyncio.run(story())


def test_an_agent_that_was_drained_is_given_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            await bench.submit()
            agent = await bench.agent()
            await drain_agent(bench, "compute-1", on=True)
            assert (await agent.poll()).leases == []
            await drain_agent(bench, "compute-1", on=False)
            await agent.take(1)

    asyncio.run(story())


def test_a_drained_agent_stays_drained_when_server_and_agent_start_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            agent = await bench.agent()
            await agent.poll()
            await drain_agent(bench, "compute-1", on=True)
            known = agent.agent
        async with a_bench(tmp_path) as bench:
            await bench.submit()
            again = await bench.agent()
            again.agent, again.incarnation = await bench.read_agent(known.id), 2
            assert (await again.poll()).leases == []

    asyncio.run(story())


def test_a_poll_that_a_later_one_overtook_changes_nothing(tmp_path: Path) -> None:
    """A delayed copy of a poll must not say that the agent knows nothing of what it runs."""

    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.start(lease)
            answer = await agent.hold(number=1, known=[])
            assert answer == PollAnswer()
            assert (await bench.job(job_id)).state is JobState.RUNNING

    asyncio.run(story())
