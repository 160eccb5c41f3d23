import asyncio

import pytest

from joborch.server.live.recent import Recent
from tests.support.builders import FrozenClock


class Source:
    """Answers with how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def find(self) -> int:
        self.asked += 1
        await self.may_answer.wait()
        return self.asked


def test_an_answer_is_given_again_while_it_is_fresh() -> None:
    async def story() -> None:
        clock, source = FrozenClock(), Source()
        recent: Recent[int] = Recent(clock)
        assert await recent.get("a", source.find, keep_s=1) == 1
        assert await recent.get("a", source.find, keep_s=1) == 1
        assert await recent.get("b", source.find, keep_s=1) == 2
        clock.advance(seconds=1)
        assert await recent.get("a", source.find, keep_s=1) == 3

    asyncio.run(story())


def test_many_who_ask_at_once_share_one_answer() -> None:
    async def story() -> None:
        source = Source()
        recent: Recent[int] = Recent(FrozenClock())
        source.may_answer.clear()
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(recent.get("a", source.find, keep_s=1)) for _ in range(9)]
            await asyncio.sleep(0)
            source.may_answer.set()
        assert [task.result() for task in asking] == [1] * 9

    asyncio.run(story())


def test_a_failure_is_nobodys_answer_but_the_first_ones() -> None:
    async def fail() -> int:
        raise RuntimeError("no answer")

    async def story() -> None:
        source = Source()
        recent: Recent[int] = Recent(FrozenClock())
        with pytest.raises(RuntimeError, match="no answer"):
            await recent.get("a", fail, keep_s=1)
        assert await recent.get("a", source.find, keep_s=1) == 1

    asyncio.run(story())
