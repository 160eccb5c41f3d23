"""How much room everything needs at least. Knows no widget."""

from textual.geometry import Size

LEAST_WIDTH, LEAST_HEIGHT = 60, 15
TOO_SMALL = "the terminal is too small: nothing was sent"


def is_too_small(size: Size) -> bool:
    """Whether a terminal has no room for the screens: what is on them cannot be seen."""
    return size.width < LEAST_WIDTH or size.height < LEAST_HEIGHT


def what_is_needed(size: Size) -> str:
    """Say how large a terminal is that is too small, and how large it has to be."""
    return f"The terminal is {size.width}x{size.height}; it needs {LEAST_WIDTH}x{LEAST_HEIGHT}"
