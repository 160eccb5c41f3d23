"""Everything about one job, for a person."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from itertools import repeat as again

from joborch.cli import outcome
from joborch.cli.explain import facts, outlook
from joborch.cli.job_table import COLORS, mark, running_s
from joborch.cli.last_words import last_words
from joborch.cli.session import Session
from joborch.cli.times import clock, size
from joborch.client import Orchestrator
from joborch.client.changes import facts_of
from joborch.client.repeating import Repeat, repeat_of
from joborch.domain.durations import format_duration
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.wire.events import EventView
from joborch.wire.jobs import Explanation, FileList, JobView

MOST_FILES = 8
OWN = ".joborch/"
"""What joborch itself adds to the results."""


async def show_detail(session: Session, orchestrator: Orchestrator, job: JobView) -> None:
    """Print how a job stands, why it waits, its history, its files, and what it wrote last."""
    history = await orchestrator.history(job.id)
    files = await orchestrator.files(job.id)
    repeat = await repeat_of(orchestrator, job, files, me=session.settings.user_id)
    written = await last_words(orchestrator, job)
    explanation = None
    if job.state == JobState.QUEUED:
        explanation = await orchestrator.explain(job.id)
    output = session.output
    title = output.colored(one_line(f"{job.id} {job.name}"), "bold")
    state = output.colored(f"{mark(job)} {one_line(outcome.verdict(job))}", _color(job))
    output.line(f"{title}  {state}")
    for label, text in _facts(session, job):
        output.line(f"  {label:<9} {one_line(text)}")
    _show_why(session, explanation)
    for line in _timeline(session, history):
        output.line(line)
    for label, text in [*_files(files), *_repeat(repeat), *_log(written)]:
        output.line(f"  {label:<9} {one_line(text)}")


def _facts(session: Session, job: JobView) -> Iterator[tuple[str, str]]:
    yield "user", f"{job.user_id} · service {job.service} · priority {job.priority}"
    if job.batch:
        yield "batch", f"{job.batch} [{job.array_index}]"
    if job.tags:
        yield "tags", " ".join(f"{key}={value}" for key, value in job.tags.items())
    if job.agent:
        yield "agent", f"{job.agent} · attempt {job.attempt} of {job.max_attempts}"
    run = running_s(job, session.now)
    limit = f" of at most {format_duration(job.time_limit_s)}" if job.time_limit_s else ""
    if run is not None:
        yield "ran", f"{clock(run)}{limit}"
    elif limit:
        yield "may run", limit.removeprefix(" of ")
    if job.cancel_requested_at and not JobState(job.state).is_terminal:
        yield "cancel", f"asked for at {session.times.moment(job.cancel_requested_at)}"


def _show_why(session: Session, explanation: Explanation | None) -> None:
    if explanation is None:
        return
    session.output.line(f"  waits     {one_line(explanation.message)}")
    for text in [*facts(explanation), *outlook(session, explanation)]:
        session.output.line(f"            {one_line(text)}")


def _timeline(session: Session, history: list[EventView]) -> Iterator[str]:
    for event in history:
        at = session.times.moment(event.at)
        moved = "" if event.from_state == event.to_state else f" → {event.to_state}"
        words = f"{event.event}{moved} by {event.actor} {facts_of(event)}"
        yield f"  {at}  {one_line(words).rstrip()}"


def _files(files: FileList) -> Iterator[tuple[str, str]]:
    for kind, label in (("input", "inputs"), ("result", "results")):
        found = [f for f in files.items if f.kind == kind and not f.name.startswith(OWN)]
        if not found:
            continue
        names = [f"{file.name} {size(file.size_bytes)}" for file in found[:MOST_FILES]]
        more = [f"and {len(found) - MOST_FILES} more"] if len(found) > MOST_FILES else []
        yield label, " · ".join([*names, *more])


def _repeat(repeat: Repeat) -> Iterator[tuple[str, str]]:
    yield "repeat", repeat.line
    if note := repeat.note:
        yield "", note


def _log(written: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    for stream, lines in written.items():
        yield from zip(chain([stream], again("")), lines, strict=False)


def _color(job: JobView) -> str | None:
    return COLORS.get(JobState(job.state))
