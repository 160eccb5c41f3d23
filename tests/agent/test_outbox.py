"""What the server is told, in how many requests, and for how long."""

import asyncio
from collections.abc import Callable

from joborch.agent.backoff import BackOff
from joborch.agent.endings import Ending
from joborch.agent.outbox import MOST_BYTES, Outbox
from joborch.domain.errors import InvalidRequestError
from joborch.wire.agents import Report, Reported, Started
from tests.support.agent_link import AWAY, ScriptedLink, a_lease


def report_of(job_id: int) -> Callable[[], Report]:
    ending = Ending(outcome="completed")
    return lambda: ending.report(a_lease(job_id=job_id), now=0.0, data=None)


def notice_of(job_id: int) -> Callable[[], Started]:
    return lambda: Started(job_id=job_id, attempt=1, token="token", ago_s=0.1)


def deliver(link: ScriptedLink, *job_ids: int, size_bytes: int = 0) -> list[Reported]:
    """Have reports of these jobs due at the same time, and wait for all acknowledgements."""

    async def go() -> list[Reported]:
        outbox = Outbox(link, back_off=BackOff(chance=lambda: 0.0))
        sender = asyncio.create_task(outbox.run())
        reports = [
            outbox.report((job_id, 1), report_of(job_id), size_bytes=size_bytes)
            for job_id in job_ids
        ]
        answers = await asyncio.gather(*reports)
        await outbox.idle.wait()
        sender.cancel()
        await asyncio.wait({sender})
        return answers

    return asyncio.run(go())


def test_reports_due_at_the_same_time_go_in_one_request() -> None:
    link = ScriptedLink()
    answers = deliver(link, 1, 2, 3)
    assert [answer.job_id for answer in answers] == [1, 2, 3]
    assert link.requests == 1


def test_reports_that_carry_much_are_spread_over_requests() -> None:
    link = ScriptedLink()
    deliver(link, 1, 2, 3, size_bytes=MOST_BYTES // 2)
    assert link.requests == 2


def test_reports_are_repeated_until_acknowledged() -> None:
    link = ScriptedLink()
    link.fail("report", AWAY, AWAY, AWAY)
    deliver(link, 1, 2)
    assert link.requests == 4


def test_what_is_too_much_for_a_slow_line_is_tried_in_parts() -> None:
    link = ScriptedLink()
    link.fail("report", AWAY, AWAY)
    deliver(link, 1, 2, 3, 4, size_bytes=MOST_BYTES // 8)
    assert link.requests == len([(1, 2, 3, 4), (1,), (1,), (2,), (3, 4)])


def test_a_report_that_is_refused_does_not_hold_up_the_others() -> None:
    link = ScriptedLink()
    mistake = InvalidRequestError("unreadable")
    link.fail("report", mistake, mistake)
    answers = deliver(link, 1, 2)
    assert [answer.disposition for answer in answers] == ["recorded", "recorded"]


def test_a_notice_is_repeated_until_it_arrives_or_the_report_makes_it_moot() -> None:
    async def go() -> ScriptedLink:
        link = ScriptedLink()
        link.fail("started", AWAY)
        outbox = Outbox(link, back_off=BackOff(chance=lambda: 0.0))
        outbox.notice((1, 1), notice_of(1))
        outbox.notice((2, 1), notice_of(2))
        outbox.notice((3, 1), notice_of(3))
        reported = asyncio.create_task(outbox.report((3, 1), report_of(3)))
        await asyncio.sleep(0)
        sender = asyncio.create_task(outbox.run())
        await reported
        await outbox.idle.wait()
        sender.cancel()
        await asyncio.wait({sender})
        return link

    link = asyncio.run(go())
    assert [[notice.job_id for notice in sent] for sent in link.notices] == [[1, 2], [1, 2]]
