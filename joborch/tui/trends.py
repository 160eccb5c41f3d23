"""How busy each agent has been in the last minutes, as far as somebody watched."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from joborch.wire.agents import AgentView

SPAN_S = 10.0
"""One sample stands for so long."""
MOST = 60


@dataclass(slots=True)
class Trends:
    """Samples of the share of its slots that an agent uses, or of its processors."""

    _samples: dict[str, deque[tuple[int, float]]] = field(default_factory=dict)
    """By agent: the number of the span since the epoch, and the highest share within it."""

    def note(self, agents: Iterable[AgentView], at: datetime) -> None:
        """Keep how busy they are."""
        span = _span(at)
        known, self._samples = self._samples, {}
        for agent in agents:
            samples = self._samples[agent.id] = known.get(agent.id, deque(maxlen=MOST))
            if agent.state == "down":
                continue
            share = _share(agent)
            if samples and samples[-1][0] >= span:
                share = max(share, samples.pop()[1])
            samples.append((span, share))

    def of(self, agent_id: str, cells: int, now: datetime) -> list[float | None]:
        """Return the last so many samples, the newest last; None where nobody watched."""
        found = dict(self._samples.get(agent_id, ()))
        last = _span(now)
        return [found.get(span) for span in range(last - cells + 1, last + 1)]


def _span(at: datetime) -> int:
    return int(at.timestamp() / SPAN_S)


def _share(agent: AgentView) -> float:
    if agent.load:
        return agent.load.cpu_percent / 100
    return agent.active / max(agent.capacity.slots, 1)
