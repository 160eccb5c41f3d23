"""What every screen works with."""

from dataclasses import dataclass

from joborch.tui.feed import Feed
from joborch.tui.look import Look
from joborch.tui.picture import Picture
from joborch.tui.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The collaborators of the screens."""

    picture: Picture
    source: Source
    feed: Feed
    look: Look
