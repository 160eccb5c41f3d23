"""How the panels beside the jobs share their column: each has what it needs, the last the rest."""

from collections.abc import Callable

BORDER = 2
"""Lines of a panel that are not its own."""
LEAST_PLOT, MOST_PLOT = 13, 24
"""Lines of a plot that can be read, and of one that does not gain by more."""
LEAST_EVENTS = 7
Need = Callable[[int], int]
"""How many lines something takes of so many."""


def divided(height: int, quotas: Need, agents: Need) -> tuple[int, int, int]:
    """Return the heights of quotas, agents and throughput, borders counted; events have the rest.

    Quotas have at most half of what plot and events leave, and agents what quotas leave.
    """
    plot = min(max(height * 3 // 10, LEAST_PLOT), MOST_PLOT)
    room = height - plot - max(height // 6, LEAST_EVENTS)

    def taken(need: Need, most: int) -> int:
        return min(need(most - BORDER), most - BORDER) + BORDER

    for_quotas = taken(quotas, room // 2)
    return for_quotas, taken(agents, room - for_quotas), plot
