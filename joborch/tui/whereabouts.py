"""Where a job is, how it ended, or what stands in its way.

Nothing is guessed. What the picture tells for certain is said with its numbers, unless the server
answered that the job's own batch keeps it; of the rest the server's answer, if it was asked; and
else only that the job stands in line, at which place.
"""

from collections.abc import Callable

from joborch.client import standing
from joborch.client.moments import brief
from joborch.client.standing import what_is_full, what_keeps, with_place
from joborch.domain.actors import held
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.tui.formatting import Glyphs
from joborch.tui.picture import Picture, counted_as
from joborch.wire.jobs import JobView

_KINDS = {
    "after ": "after other jobs",
    "not before ": "not before a time",
    "quota ": "quota full",
    "service paused": "service paused",
    "service ": "service full",
}
"""What keeps a job, by how it begins that is said of it with its numbers."""


def where_or_why(job: JobView, picture: Picture, glyphs: Glyphs) -> str:
    """Say where a job is, how it ended, or what stands in its way and which place it has."""
    match JobState(job.state):
        case JobState.QUEUED:
            return one_line(_with_place(job, picture, glyphs))
        case JobState.ASSIGNED:
            place = f"{glyphs.arrow}{job.agent or '?'}"
        case JobState.RUNNING:
            place = job.agent or "?"
        case JobState.COMPLETED:
            return one_line(job.agent or "")
        case _:
            return one_line(" on ".join(filter(None, (ending(job), job.agent))))
    return one_line(f"{place} {glyphs.dot} ending" if job.cancel_requested_at else place)


def ending(job: JobView) -> str:
    """Say how a job that failed ended."""
    if job.state == JobState.FAILED and job.signal is not None:
        return f"signal {job.signal}"
    if job.state == JobState.FAILED and job.exit_code is not None:
        return f"exit {job.exit_code}"
    return job.reason or ""


def words(job: JobView) -> str:
    """Write a job's state as a person says it."""
    return counted_as(job).replace("_", " ")


def in_common(job: JobView, picture: Picture) -> str:
    """Say the same of all jobs that the same kind of thing keeps, or that ended alike.

    Without numbers, which would make another group of them whenever one changes.
    """
    if job.state != JobState.QUEUED:
        return one_line(ending(job) or words(job))
    said = _what_keeps(job, picture)
    kinds = (kind for begin, kind in _KINDS.items() if said.startswith(begin))
    return one_line(next(kinds, said))


def in_common_of_many(picture: Picture) -> Callable[[JobView], str]:
    """Return what says the same as ``in_common``, and sooner of jobs that resemble each other."""
    known: dict[object, str] = {}

    def said(job: JobView) -> str:
        traits = (
            *(job.state, job.held_at is None, job.hold_actor, job.after_count, job.not_before),
            *(job.user_id, job.service, job.reason, job.exit_code, job.signal),
            picture.reasons.get(job.id),
        )
        if (found := known.get(traits)) is None:
            found = known[traits] = in_common(job, picture)
        return found

    return said


def is_open(job: JobView, picture: Picture) -> bool:
    """Whether the picture alone cannot say what keeps the job, though something does."""
    is_queued = job.state == JobState.QUEUED and not picture.is_past
    if not is_queued or _out_of_line(job, picture):
        return False
    return standing.is_open(_what_is_full(job, picture), batch=job.batch)


def _with_place(job: JobView, picture: Picture, glyphs: Glyphs) -> str:
    place = picture.place_of(job)
    # Whether its batch has a limit of its own is nothing that the picture knows.
    is_told = job.batch is None or job.id in picture.reasons
    said = _what_keeps(job, picture)
    return with_place(said, place, dot=glyphs.dot, may_be_next=is_told)


def _what_keeps(job: JobView, picture: Picture) -> str:
    return _out_of_line(job, picture) or ("" if picture.is_past else _in_line(job, picture))


def _out_of_line(job: JobView, picture: Picture) -> str:
    """Say what keeps the job from standing in line; nothing if it does."""
    if job.held_at:
        return held(job.hold_actor)
    if picture.is_past:
        return ""  # what stood in its way then is not kept
    if job.after_count:
        # Which of several have ended meanwhile is no event of this job.
        return f"after {job.after[0]}" if job.after_count == 1 else "after other jobs"
    as_of = picture.as_of
    if job.not_before and as_of and job.not_before > as_of:
        return f"not before {brief(job.not_before, as_of)}"
    return ""


def _in_line(job: JobView, picture: Picture) -> str:
    return what_keeps(_what_is_full(job, picture), picture.reasons.get(job.id), job.reason)


def _what_is_full(job: JobView, picture: Picture) -> str | None:
    used, service = picture.usage_of(job.user_id, job.service), picture.service(job.service)
    return what_is_full(used, service)
