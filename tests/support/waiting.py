"""Waiting for what other processes do: never longer than needed, and never silently in vain."""

import asyncio
import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

INTERVAL_S = 0.005

Seen = TypeVar("Seen")
Describe = Callable[[], object]


def wait_until(
    condition: Callable[[], Seen | None],
    timeout: float = 10.0,
    describe: Describe | None = None,
    every_s: float = INTERVAL_S,
) -> Seen:
    """Return the first true value of `condition`; fail with what was seen, after `timeout` s.

    What is costly to find out is asked less often than usual, ``every_s``.
    """
    deadline = time.monotonic() + timeout
    while not (seen := condition()):
        if time.monotonic() > deadline:
            _fail(timeout, seen, describe)
        time.sleep(every_s)
    return seen


async def async_wait_until(
    condition: Callable[[], Seen | None],
    timeout: float = 10.0,
    describe: Describe | None = None,
) -> Seen:
    """Like `wait_until`, while the event loop goes on."""
    deadline = time.monotonic() + timeout
    while not (seen := condition()):
        if time.monotonic() > deadline:
            _fail(timeout, seen, describe)
        await asyncio.sleep(INTERVAL_S)
    return seen


def _fail(timeout: float, seen: object, describe: Describe | None) -> NoReturn:
    pytest.fail(f"waited {timeout:g} s in vain; saw {describe() if describe else seen!r}")
