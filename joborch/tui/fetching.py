"""Bringing results here: where to, and how far it has come."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from joborch.domain.errors import JoborchError
from joborch.domain.names import place_named
from joborch.domain.text import one_line
from joborch.tui.errands import noun
from joborch.tui.formatting import size
from joborch.tui.source import Source
from joborch.wire.jobs import JobView

BETWEEN_S = 3.0
"""At least, between two words about how far it has come."""


def usual_place(jobs: Sequence[JobView]) -> str:
    """Return where results go if nothing else is said."""
    return _name(jobs[0]) if len(jobs) == 1 else "results"


def mistake(typed: str) -> str | None:
    """Say why results cannot go there; nothing that is there already is touched."""
    if not typed:
        return "Where to?"
    place = Path(typed).expanduser()
    return f"{one_line(typed)} is there already; name another." if place.exists() else None


async def fetch(
    jobs: Sequence[JobView], into: Path, source: Source, *, tell: Callable[[str], None]
) -> str:
    """Fetch one job into the directory, several into directories below it; say what came.

    Raises:
        JoborchError: with how many had come until then.
    """
    files = 0
    for done, job in enumerate(jobs):
        place = into if len(jobs) == 1 else into / _name(job)
        progress = _Progress(job.id, tell)
        try:
            files += len(await source.fetch(job.id, place, on_progress=progress.move))
        except (JoborchError, OSError) as error:
            came = f"; {noun(done)} came before" if done else ""
            raise JoborchError(f"job {job.id}: {error}{came}") from error
    return f"fetched {files} file{'' if files == 1 else 's'} of {noun(len(jobs))} to {into}"


class _Progress:
    """Tells how far a download is, now and then."""

    def __init__(self, job_id: int, tell: Callable[[str], None]) -> None:
        self._job_id, self._tell = job_id, tell
        self._told_at = time.monotonic()

    def move(self, done: int, total: int) -> None:
        """Take note of so many bytes of so many."""
        if time.monotonic() - self._told_at < BETWEEN_S or not total:
            return
        self._told_at = time.monotonic()
        self._tell(f"fetching {self._job_id}: {100 * done // total} % of {size(total)}")


def _name(job: JobView) -> str:
    return f"{place_named(job.name)}-{job.id}"
