import pytest

from joborch.domain.agents import Agent, Capacity
from joborch.domain.errors import SupersededError
from joborch.server.live.presence import Roll
from tests.support.builders import NOON

AGENT = Agent(
    id="a-1",
    name="compute-1",
    host="host",
    version="1",
    services={"example": 4},
    capacity=Capacity(slots=4),
    labels={},
    enrolled_at=NOON,
    seen_at=NOON,
)


def test_a_newer_process_starts_with_a_clean_sheet() -> None:
    roll = Roll(began=0.0)
    older = roll.arrive(AGENT, 1, at=5.0)
    older.begin_poll()
    newer = roll.arrive(AGENT, 2, at=6.0)
    assert roll.get(AGENT.id) is newer
    assert not older.asking


def test_an_older_process_that_arrives_late_is_refused() -> None:
    """It had passed the database's check before the newer one came."""
    roll = Roll(began=0.0)
    newer = roll.arrive(AGENT, 2, at=5.0)
    with pytest.raises(SupersededError):
        roll.arrive(AGENT, 1, at=6.0)
    assert roll.get(AGENT.id) is newer
