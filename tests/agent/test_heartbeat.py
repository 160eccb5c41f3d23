"""The poll: what the server hears, and what the agent does when it hears nothing good."""

import asyncio
import logging
from pathlib import Path

import pytest

from joborch.agent.spool import RENEWAL_STEP_S, Spool
from joborch.domain.errors import (
    AgentNotFoundError,
    InvalidRequestError,
    JoborchError,
    NotAllowedError,
    SupersededError,
)
from joborch.process.clock import Clock
from joborch.process.lock import LockedError
from joborch.wire.agents import KnownAttempt, PollAnswer
from tests.support.agent_link import AWAY, ScriptedLink, a_lease
from tests.support.agents import ServingAgent, serving
from tests.support.waiting import async_wait_until

LASTING = "touch running; sleep 60"


async def start_lasting(link: ScriptedLink, agent: ServingAgent) -> None:
    link.lease(a_lease(LASTING))
    await async_wait_until((agent.folder(7) / "work" / "running").exists)


def test_an_agent_introduces_itself_and_then_polls(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir, label="gpu=a100"):
            await link.polled(1)
        return link

    link = asyncio.run(go())
    enrolment, poll = link.enrolments[0], link.polls[0]
    assert (enrolment.name, enrolment.services) == ("tester", {"example": 4})
    assert (enrolment.capacity.slots, enrolment.labels) == (4, {"gpu": "a100"})
    assert (enrolment.agent_id, poll.incarnation, poll.known) == (None, 1, [])
    assert poll.load is not None


def test_an_agent_that_starts_again_is_the_same_with_a_higher_incarnation(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        async with serving(first := ScriptedLink(), work_dir):
            await first.polled(1)
        async with serving(second := ScriptedLink(), work_dir):
            await second.polled(1)
        return second

    link = asyncio.run(go())
    assert (link.enrolments[0].agent_id, link.enrolments[0].key) == ("a-1", "key")
    assert link.polls[0].incarnation == 2


def test_a_poll_is_outstanding_while_a_job_runs(work_dir: Path) -> None:
    async def go() -> None:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            await start_lasting(link, agent)
            assert (await link.polled(2)).known == [KnownAttempt(job_id=7, attempt=1)]

    asyncio.run(go())


def test_an_idle_agent_writes_nothing(work_dir: Path) -> None:
    def files() -> dict[str, int]:
        return {str(p): p.stat().st_mtime_ns for p in work_dir.rglob("*")}

    async def go() -> None:
        link = ScriptedLink()
        async with serving(link, work_dir):
            await link.polled(1)
            before = files()
            link.give(PollAnswer())
            link.give(PollAnswer())
            await link.polled(3)
            assert files() == before
            assert not (work_dir / "lease").exists()

    asyncio.run(go())


def test_the_lease_file_holds_when_the_acknowledged_poll_was_sent(work_dir: Path) -> None:
    async def go() -> tuple[float, float, float]:
        link, clock = ScriptedLink(), Clock()
        async with serving(link, work_dir) as agent:
            await start_lasting(link, agent)
            await link.polled(2)
            await async_wait_until(lambda: clock.boottime() > noted(work_dir) + RENEWAL_STEP_S)
            sent_after = clock.boottime()
            link.give(PollAnswer())
            await link.polled(3)
            sent_before = clock.boottime()
            await async_wait_until(lambda: clock.boottime() > sent_before + RENEWAL_STEP_S)
            link.give(PollAnswer())
            await link.polled(4)
            assert agent.spool.renewed_at is not None
            assert noted(work_dir) == pytest.approx(agent.spool.renewed_at, abs=0.002)
            return sent_after, agent.spool.renewed_at, sent_before

    sent_after, renewed_at, sent_before = asyncio.run(go())
    assert sent_after <= renewed_at <= sent_before


def noted(work_dir: Path) -> float:
    return float((work_dir / "lease").read_text())


def test_jobs_go_on_while_the_server_is_away(work_dir: Path) -> None:
    async def go() -> list[str]:
        link = ScriptedLink()
        async with serving(link, work_dir):
            link.lease(a_lease("sleep 0.1"))
            link.give(AWAY)
            link.give(AWAY)
            report = await link.reported(7)
            await link.polled(4)
            return [report.outcome]

    assert asyncio.run(go()) == ["completed"]


def test_an_agent_waits_for_a_server_that_is_not_there_yet(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        link.fail("enrol", AWAY)
        async with serving(link, work_dir):
            await link.polled(1)
        return link

    assert len(asyncio.run(go()).enrolments) == 2


def test_that_the_server_is_not_there_is_told_once(
    work_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        link = ScriptedLink()
        link.fail("enrol", AWAY, AWAY)
        async with serving(link, work_dir):
            await link.polled(1)

    with caplog.at_level(logging.WARNING, logger="joborch.agent.heartbeat"):
        asyncio.run(go())
    assert [(each.message, each.__dict__["reason"]) for each in caplog.records] == [
        ("server cannot be reached, trying again", AWAY.message)
    ]
    assert caplog.records[0].__dict__["server"] == "http://127.0.0.1:5000"


@pytest.mark.parametrize("error", [NotAllowedError("who are you?"), AgentNotFoundError("a-1")])
def test_an_agent_that_the_server_forgot_enrols_again(work_dir: Path, error: JoborchError) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir):
            link.give(error)
            await link.polled(2)
        return link

    assert [e.agent_id for e in asyncio.run(go()).enrolments] == [None, "a-1"]


def test_an_agent_that_becomes_another_one_drops_the_jobs_of_the_first(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            await start_lasting(link, agent)
            link.agent_id = "a-2"
            link.give(AgentNotFoundError("a-1"))
            await async_wait_until(lambda: not agent.folders)
            link.lease(a_lease("true"))
            await link.reported(7)
        return link

    assert [report.outcome for report in asyncio.run(go()).reports] == ["completed"]


def test_an_unknown_identity_is_replaced_by_a_new_one(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        async with serving(first := ScriptedLink(), work_dir):
            await first.polled(1)
        second = ScriptedLink()
        second.fail("enrol", AgentNotFoundError("a-1"))
        async with serving(second, work_dir):
            await second.polled(1)
        return second

    assert [e.agent_id for e in asyncio.run(go()).enrolments] == ["a-1", None]


def test_a_superseded_agent_stops(work_dir: Path) -> None:
    async def go() -> None:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.give(SupersededError("a-1"))
            await agent.task

    with pytest.raises(SupersededError, match="a newer process runs as agent a-1"):
        asyncio.run(go())


def test_an_agent_that_the_server_does_not_want_stops(work_dir: Path) -> None:
    async def go() -> None:
        link = ScriptedLink()
        link.fail("enrol", InvalidRequestError("no such service"))
        async with serving(link, work_dir) as agent:
            await agent.task

    with pytest.raises(InvalidRequestError, match="no such service"):
        asyncio.run(go())


def test_a_second_agent_in_the_directory_is_refused(work_dir: Path) -> None:
    first = Spool(work_dir, clock=Clock())
    with pytest.raises(LockedError, match=r"is in use by an agent, process \d+"):
        Spool(work_dir, clock=Clock())
    first.close()
    Spool(work_dir, clock=Clock()).close()


def test_a_draining_agent_says_so_and_leaves_its_jobs_running(work_dir: Path) -> None:
    async def go() -> tuple[ScriptedLink, ServingAgent]:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            await start_lasting(link, agent)
            await link.polled(2)
            agent.departure.leave.set()
            await agent.task
        return link, agent

    link, agent = asyncio.run(go())
    assert [poll.draining for poll in link.polls[:3]] == [False, False, True]
    assert agent.said[0] == "draining: 1 job left"
    assert (link.reports, agent.folders) == ([], ["7-1"])


def test_an_agent_that_finishes_waits_for_its_jobs(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            link.lease(a_lease("touch running; while [ ! -e on ]; do sleep .02; done"))
            work = agent.folder(7) / "work"
            await async_wait_until((work / "running").exists)
            agent.departure.next_step()
            await async_wait_until(lambda: link.polls[-1].draining)
            (work / "on").touch()
            await agent.task
        return link

    assert [report.outcome for report in asyncio.run(go()).reports] == ["completed"]


def test_an_agent_that_abandons_its_jobs_reports_them_lost(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            await start_lasting(link, agent)
            agent.departure.next_step()
            agent.departure.next_step()
            await agent.task
        return link

    reports = asyncio.run(go()).reports
    assert [(report.outcome, report.reason) for report in reports] == [("lost", "shutdown")]


def test_a_draining_agent_gives_leases_back(work_dir: Path) -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        async with serving(link, work_dir) as agent:
            await start_lasting(link, agent)
            agent.departure.next_step()
            await async_wait_until(lambda: link.polls[-1].draining)
            link.lease(a_lease("touch ran", job_id=8))
            await link.reported(8)
        return link

    assert [(r.job_id, r.outcome, r.reason) for r in asyncio.run(go()).reports] == [
        (8, "given_back", "its agent is draining")
    ]
