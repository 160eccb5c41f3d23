"""Bars of how much of something is used."""

CELLS = 10


def quota_bar(active: int, limit: int | None) -> str:
    """Draw ``████░░░░░░ 2/5``, and say when it is full; without a limit, only count."""
    if limit is None:
        return f"{active}, no limit"
    is_full = active >= limit
    cells = CELLS if is_full else min(round(active / limit * CELLS), CELLS - 1)
    cells = max(cells, 1) if active else cells
    bar = "█" * cells + "░" * (CELLS - cells)
    return f"{bar} {active}/{limit}" + (" FULL" if is_full else "")


def waiting(queued: int) -> str:
    """Write how many wait behind it: ``+245``."""
    return f"+{queued}" if queued else ""
