"""Cancelling jobs: the question that comes first, and what came of it."""

from collections.abc import Iterable, Sequence

from joborch.domain.errors import JobNotFoundError, JoborchError, UnavailableError, WrongStateError
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.tui.formatting import fit, where_or_why, words
from joborch.tui.look import Look
from joborch.tui.picture import Picture
from joborch.tui.source import Source
from joborch.wire.jobs import JobView

MOST_SHOWN = 8
MANY = 20
"""For more than this the number has to be typed."""


def cancellable(job_ids: Iterable[int], picture: Picture) -> list[JobView]:
    """Return those of the jobs that have not ended."""
    known = (picture.jobs.get(job_id) for job_id in job_ids)
    return [job for job in known if job and not JobState(job.state).is_terminal]


def question(jobs: Sequence[JobView], picture: Picture, look: Look) -> str:
    """Say which jobs, and what cancelling does to them."""
    lines = [
        f"{job.id:>6}  {fit(one_line(job.name), 18)} {fit(words(job), 9)}"
        f" {fit(where_or_why(job, picture, look.glyphs), 18)}".rstrip()
        for job in jobs[:MOST_SHOWN]
    ]
    if len(jobs) > MOST_SHOWN:
        lines.append(f"        and {len(jobs) - MOST_SHOWN} more")
    others = sorted({one_line(job.user_id) for job in jobs} - {look.user_id})
    if others:
        lines.append(f"\nNot yours: they are {', '.join(others)}'s.")
    effect = "What runs gets SIGTERM, and SIGKILL later. This cannot be undone."
    return "\n".join([*lines, "", effect])


def noun(number: int) -> str:
    """Write a number of jobs."""
    return f"{number} job" if number == 1 else f"{number} jobs"


async def cancel(job_ids: Sequence[int], source: Source) -> str:
    """Cancel these jobs, one after the other, and say what came of it.

    Raises:
        JoborchError: with what had been done until then.
    """
    done, skipped = 0, 0
    for job_id in job_ids:
        try:
            await source.cancel(job_id, reason="cancelled in joborch top")
            done += 1
        except (WrongStateError, JobNotFoundError):
            skipped += 1
        except UnavailableError as error:
            left = noun(len(job_ids) - done - skipped)
            raise JoborchError(
                f"{error.message}; {done} cancelled, of {left} it is not known"
            ) from error
    told = [f"cancelled {noun(done)}"] if done else []
    told += [f"skipped {skipped} that had ended"] if skipped else []
    return ", ".join(told)
