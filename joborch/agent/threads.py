"""Steps that have to come to their end even if whoever wanted them does not want them any more."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def see_through(step: Awaitable[T]) -> T:
    """Await a step. If the caller is cancelled, the step is waited for all the same, then left."""
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


async def in_thread(work: Callable[[], T]) -> T:
    """Do work on the disk that would hold up the event loop, in a thread and to its end.

    A thread cannot be stopped; one that was left behind would write into a directory that its
    owner takes for abandoned.
    """
    return await see_through(asyncio.to_thread(work))
