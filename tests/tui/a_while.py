"""What somebody saw who watched the made-up site for a while."""

import math

from joborch.tui.trends import MOST, SPAN_S, Trends
from tests.support.views import NOON
from tests.tui.a_site import an_agent
from tests.tui.scripted import since


def ten_busy_minutes() -> Trends:
    """How busy the agents of that site have been until now."""
    trends = Trends()
    for ago in range(MOST, 0, -1):
        busy = {f"compute-{i}": 50 + 45 * math.sin(i + ago / (2 * i + 1)) for i in (1, 2, 3)}
        agents = [an_agent(name, cpu=cpu) for name, cpu in busy.items()]
        gone = [an_agent("gpu-1", cpu=70)] if ago > MOST // 2 else [an_agent("gpu-1", state="down")]
        trends.note([*agents, *gone], since(NOON, seconds=SPAN_S * ago))
    return trends
