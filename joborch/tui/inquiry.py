"""Asks the server why the jobs on the screen wait, where the picture cannot tell, and who is next.

A few jobs at a time, and seldom: never one question a row, and none about what nobody sees.
"""

import time
from collections.abc import Sequence

from joborch.domain.errors import JoborchError, NotFoundError
from joborch.tui.desk import Desk
from joborch.tui.whereabouts import is_open

MOST = 100
EAGER_S, AT_REST_S = 3.0, 15.0
"""At least between two questions, and at most while there is something to ask about."""
RARELY_S = 600.0
"""A server that does not know the question may have been replaced by one that does."""


class Inquiry:
    """What is to be asked, when, and what came of it."""

    def __init__(self, desk: Desk) -> None:
        """Ask for nothing yet."""
        self._desk = desk
        self._asked_at = -RARELY_S
        self._pause_s = EAGER_S

    def wanted(
        self, in_sight: Sequence[int], *, is_news: bool, has_panel: bool
    ) -> list[int] | None:
        """Return the jobs to ask about now, none of them if only turns are wanted; None: nothing.

        Args:
            in_sight: the jobs on the screen.
            is_news: whether jobs have changed.
            has_panel: whether it is to be seen who is next.
        """
        picture = self._desk.picture
        waited_s = time.monotonic() - self._asked_at
        if waited_s < self._pause_s or not picture.is_live or picture.pause:
            return None
        jobs = (picture.jobs.get(job_id) for job_id in in_sight)
        found = [job.id for job in jobs if job and is_open(job, picture)][:MOST]
        has_turns = has_panel and (bool(picture.turns) or bool(picture.states["queued"]))
        if not found and not has_turns:
            return None
        is_new = not picture.reasons.keys() >= set(found)
        return found if is_news or is_new or waited_s >= AT_REST_S else None

    async def ask(self, job_ids: Sequence[int]) -> bool:
        """Ask, and put the answer into the picture; False if there is none."""
        self._asked_at, self._pause_s = time.monotonic(), EAGER_S
        picture = self._desk.picture
        try:
            found = await self._desk.source.waiting(job_ids)
        except NotFoundError:
            self._pause_s = RARELY_S
            return False
        except JoborchError:
            return False  # the list says what the picture knows
        if picture.pause:
            return False
        reasons = {each.id: each.reason for each in found.items}
        has_changed = (reasons, found.turns) != (picture.reasons, picture.turns)
        picture.reasons, picture.turns = reasons, found.turns
        return has_changed
