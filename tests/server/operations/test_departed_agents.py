"""What is said of an agent that drained: the truth, while it is there and once it has left."""

import asyncio
from pathlib import Path

import pytest

from joborch.server.live.presence import LATE_AFTER_S
from joborch.server.operations import query
from joborch.wire.agents import AgentView
from tests.support.bench import Bench, ScriptedAgent, a_bench

LOST_AFTER_S = 60


async def shown(bench: Bench, agent: ScriptedAgent) -> AgentView:
    parts = bench.parts
    return await query.agent(
        agent.agent.id,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=bench.clock,
    )


async def states(bench: Bench, agent: ScriptedAgent) -> list[str]:
    """How it is shown at once, when its next poll is overdue, and when its leases are lost."""
    seen = []
    for seconds in (0.0, LATE_AFTER_S, LOST_AFTER_S):
        bench.clock.advance(seconds=seconds)
        seen.append((await shown(bench, agent)).state)
    return seen


@pytest.mark.parametrize(
    ("holds_a_job", "drains", "expected"),
    [
        (False, True, ["draining", "down", "down"]),
        (True, True, ["draining", "late", "down"]),
        (False, False, ["up", "late", "down"]),
    ],
)
def test_only_an_agent_that_drained_and_holds_nothing_has_left(
    tmp_path: Path, *, holds_a_job: bool, drains: bool, expected: list[str]
) -> None:
    async def story() -> list[str]:
        async with a_bench(tmp_path / "data", f"example:lost_after={LOST_AFTER_S}s") as bench:
            agent = await bench.agent()
            for _ in range(holds_a_job):
                await bench.submit()
            await agent.poll()
            await agent.poll(draining=drains)
            return await states(bench, agent)

    assert asyncio.run(story()) == expected
