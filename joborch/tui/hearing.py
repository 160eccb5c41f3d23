"""What the event stream has told: which jobs to ask for, and what is withheld in a pause."""

import asyncio
from collections import deque
from collections.abc import Mapping

from joborch.tui.picture import MOST_EVENTS, Picture
from joborch.wire.events import EventView


class Hearing:
    """Events come in; in a pause they are counted and kept for afterwards."""

    def __init__(self, picture: Picture) -> None:
        """Begin without a pause."""
        self.changed: dict[int, int] = {}
        """Jobs that are not yet in the picture as they are, and the newest event of each."""
        self.going = asyncio.Event()
        """Set unless it is paused."""
        self.going.set()
        self._picture = picture
        self._withheld: deque[EventView] = deque(maxlen=MOST_EVENTS)
        self._changed_since: dict[int, int] = {}

    @property
    def is_paused(self) -> bool:
        """Whether the picture is left as it is."""
        return not self.going.is_set()

    def take(self, event: EventView) -> None:
        """Hear of something."""
        if self.is_paused:
            self._withheld.append(event)
            self._changed_since[event.job_id] = event.seq
            self._picture.withheld += 1
        else:
            self._picture.happened.append(event)
            self.changed[event.job_id] = event.seq

    def told(self, asked: Mapping[int, int]) -> None:
        """Have it that these were asked for when those were their newest events.

        What has changed again since the question has to be asked for once more.
        """
        for job_id, seq in asked.items():
            if self.changed.get(job_id) == seq:
                del self.changed[job_id]

    def miss(self) -> None:
        """Forget what was heard before a gap: what comes does not follow from it."""
        self.changed.clear()
        self._changed_since.clear()
        self._withheld.clear()
        self._picture.happened.clear()
        self._picture.lineage += 1

    def pause(self) -> None:
        """Withhold everything from now on."""
        self.going.clear()

    def go_on(self) -> None:
        """Take what was withheld."""
        self.changed |= self._changed_since
        self._picture.happened.extend(self._withheld)
        self._changed_since.clear()
        self._withheld.clear()
        self._picture.withheld = 0
        self.going.set()
