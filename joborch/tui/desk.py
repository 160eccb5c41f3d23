"""What every screen works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from joborch.tui.feed import Feed
from joborch.tui.look import Look
from joborch.tui.picture import Picture
from joborch.tui.source import Source


@dataclass(slots=True, kw_only=True)
class Desk:
    """The collaborators of the screens."""

    picture: Picture
    source: Source
    feed: Feed
    look: Look
    """Its time is that of what is shown. Another one is here once a person has typed ``:ro``."""
    clock: Callable[[], datetime]
    """The time that it is."""
