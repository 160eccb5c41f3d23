"""Polls that a test holds and ends by hand: no time passes but what the test's clock says."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from joborch.domain.agents import Agent
from joborch.server.operations import lease
from joborch.wire.agents import Poll, PollAnswer
from tests.support.bench import Bench


async def begin(bench: Bench, agent: Agent, said: Poll) -> "asyncio.Task[PollAnswer]":
    """Ask, and return once the server holds the poll, or has answered or refused it."""
    is_held = asyncio.Event()
    asking = asyncio.create_task(_poll(bench, agent, said, is_held.set), name="poll")
    holding = asyncio.create_task(is_held.wait(), name="poll is held")
    await asyncio.wait({asking, holding}, return_when=asyncio.FIRST_COMPLETED)
    holding.cancel()
    return asking


async def time_out(
    bench: Bench, agent: Agent, said: Poll, asking: "asyncio.Task[PollAnswer]"
) -> PollAnswer:
    """End a poll as when its time is up: with what there is, orders told before included."""
    await rest()
    if asking.done():
        return await asking
    present = bench.parts.roll.get(agent.id)
    if present is not None:
        present.leave()
    await asking
    return await _poll(bench, agent, said, lambda: None, held_s=0)


async def rest() -> None:
    """Let all who can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def _poll(
    bench: Bench, agent: Agent, said: Poll, wake: Callable[[], None], held_s: float = 3600
) -> PollAnswer:
    parts = bench.parts
    return await lease.poll(
        agent,
        said,
        database=parts.database,
        blobs=parts.blobs,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        settings=replace(parts.settings, poll_s=held_s),
        wake=wake,
    )
