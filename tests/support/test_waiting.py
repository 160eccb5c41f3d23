import asyncio

import pytest

from tests.support.waiting import async_wait_until, wait_until


def test_the_first_true_value_is_returned() -> None:
    values = iter([0, "", 7, 8])
    assert wait_until(lambda: next(values)) == 7


def test_waiting_in_vain_fails_with_what_was_seen() -> None:
    with pytest.raises(pytest.fail.Exception, match="saw 'an empty queue'"):
        wait_until(lambda: False, timeout=0.02, describe=lambda: "an empty queue")


def test_the_event_loop_goes_on_meanwhile() -> None:
    async def scenario() -> bool:
        arrived = asyncio.Event()
        asyncio.get_running_loop().call_soon(arrived.set)
        return await async_wait_until(arrived.is_set)

    assert asyncio.run(scenario())


def test_waiting_in_vain_in_the_event_loop_fails_too() -> None:
    with pytest.raises(pytest.fail.Exception, match="saw 0"):
        asyncio.run(async_wait_until(lambda: 0, timeout=0.02))
