"""How agents are, as far as that is known: nobody knows while the server is away."""

from joborch.domain.text import one_line
from joborch.tui.formatting import Glyphs
from joborch.tui.picture import Picture
from joborch.wire.agents import AgentView

STALE = "stale"


def health(agent: AgentView, picture: Picture, glyphs: Glyphs) -> str:
    """Write how an agent is, with its sign."""
    state = STALE if picture.is_stale else agent.state
    return f"{glyphs.agents.get(state, '?')} {one_line(state)}"


def tone(agent: AgentView, picture: Picture, glyphs: Glyphs) -> str:
    """Name the style of that."""
    if picture.is_stale:
        return "quiet"
    return agent.state if agent.state in glyphs.agents else "down"


def how_many_up(picture: Picture) -> str:
    """Count the agents that are up, of all there are: ``2/4``."""
    if picture.is_past:
        return "?"
    up = sum(agent.state == "up" for agent in picture.agents)
    return f"{'?' if picture.is_stale else up}/{len(picture.agents)}"
