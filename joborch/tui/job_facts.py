"""Everything about one job, as lines for a person."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from joborch.client.changes import facts_of
from joborch.client.moments import brief
from joborch.client.repeating import Repeat, repeat_of
from joborch.domain.durations import format_duration
from joborch.domain.errors import NotFoundError
from joborch.domain.selectors import spelt
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.tui.formatting import bar, clock, mark, moment, running_s, short, size
from joborch.tui.lines import QUIET
from joborch.tui.look import Look
from joborch.tui.source import Source
from joborch.tui.whereabouts import ending, words
from joborch.tui.widgets.lines import Part
from joborch.wire.events import EventView
from joborch.wire.jobs import Explanation, FileList, FileView, JobView
from joborch.wire.statistics import Spread

MOST_FILES = 12
LATELY, FEW = timedelta(hours=1), 2
"""Of which jobs an estimate is made; nobody sees the buckets."""
LABEL = 10
"""Cells of a label."""
OWN = ".joborch/"
"""What joborch itself adds to the results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the server says of a job."""

    job: JobView
    history: list[EventView]
    files: FileList
    explanation: Explanation | None
    repeat: Repeat
    """The command line for a job like it, and its environment without what is secret."""
    runs: Spread | None = None
    """For how long the jobs of its service ran lately; only of a job that runs."""


def lines_of(facts: Facts, look: Look) -> Iterator[list[Part]]:
    """Write the facts, why the job waits, its history and its files."""
    for label, text in (*standing_of(facts.job, look), *course_of(facts, look)):
        yield line(label, text)
    yield line("repeat", facts.repeat.line)
    yield [""]
    yield from waits_of(facts)
    yield from history_of(facts, look)
    for kind, label in (("input", "inputs"), ("result", "results")):
        yield from _files(facts.files, kind, label)
    yield from environment_of(facts)


def standing_of(job: JobView, look: Look) -> Iterator[tuple[str, str]]:
    """Say what the job is and how it stands, each fact with its label."""
    end = ending(job)
    state = f"{mark(job, look.glyphs)} {words(job)}"
    yield "state", f"{state} {look.glyphs.dot} {end}" if end else state
    yield "user", job.user_id
    yield "service", job.service
    yield "priority", str(job.priority)
    if job.batch:
        yield "batch", f"{job.batch} [{job.array_index}]"
    if job.tags:
        yield "tags", " ".join(f"{key}={value}" for key, value in job.tags.items())
    if job.agent:
        yield "agent", job.agent
    yield "attempt", f"{job.attempt} of {job.max_attempts}"


def course_of(facts: Facts, look: Look) -> Iterator[tuple[str, str]]:
    """Say how long it waited and has run, of what it may, and when it is likely to end."""
    job, limit_s = facts.job, facts.job.time_limit_s
    limit = f"at most {format_duration(limit_s)}" if limit_s else ""
    if job.assigned_at:
        waited_s = (job.assigned_at - job.submitted_at).total_seconds()
        until = f"{short(waited_s)} until it was given to {job.agent or 'an agent'}"
        yield "waited", f"{until}{_until_start(job)}"
    ran = running_s(job, look.now())
    if ran is not None and limit_s:
        share = f"{bar(round(ran), round(limit_s), 10, look.glyphs)} {100 * ran / limit_s:.0f}%"
        yield "ran", f"{clock(ran)} {limit} {share}"
    elif ran is not None:
        yield "ran", clock(ran)
    elif limit:
        yield "may run", limit
    if facts.runs and facts.runs.p50_s is not None and job.started_at and ran is not None:
        yield "estimate", _likely_end(facts.runs, facts.runs.p50_s, job.started_at, ran)
    if job.cancel_requested_at and not JobState(job.state).is_terminal:
        yield "cancel", f"asked for at {moment(job.cancel_requested_at)}"
    if job.results:
        gone = job.results.removed_at
        yield "results", f"{size(job.results.size_bytes)}{', removed' if gone else ''}"


def _until_start(job: JobView) -> str:
    if job.assigned_at is None or job.started_at is None:
        return ""
    took_s = (job.started_at - job.assigned_at).total_seconds()
    return f", {short(took_s)} more until it ran" if took_s >= 1 else ""


def _likely_end(runs: Spread, half_s: float, started_at: datetime, ran: float) -> str:
    """Say by when half of the jobs of its service have ended, or that this one takes longer."""
    lately = f"half of the last {runs.count} took {short(half_s)}"
    if ran > half_s:
        return f"none: {lately}, and it takes longer"
    ends_at, now = started_at + timedelta(seconds=half_s), started_at + timedelta(seconds=ran)
    return f"about {brief(ends_at, now)} ({lately})"


def waits_of(facts: Facts) -> Iterator[list[Part]]:
    """Write why the job waits, and an empty line; nothing of a job that does not."""
    if facts.explanation:
        first, *others = why(facts.explanation)
        yield line("waits", first)
        yield from (line("", text) for text in others)
        yield [""]


def history_of(facts: Facts, look: Look) -> Iterator[list[Part]]:
    """Write what happened to the job."""
    yield [("history", QUIET)]
    for event in facts.history:
        arrow = look.glyphs.arrow
        told = f"{event.event} {arrow} {event.to_state} by {event.actor}"
        more = facts_of(event, arrow=arrow)
        yield [f"  {moment(event.at)}  {one_line(f'{told} {more}').rstrip()}"]


def environment_of(facts: Facts) -> Iterator[list[Part]]:
    """Write the variables that were submitted with the job."""
    if not facts.repeat.env:
        return
    yield [""]
    yield [("environment", QUIET)]
    for name, value in facts.repeat.env.items():
        yield [f"  {one_line(f'{name}={value}')}"]


def files_of(files: FileList, kind: str) -> list[FileView]:
    """Return the inputs or the results, those of joborch itself left out."""
    return [f for f in files.items if f.kind == kind and not f.name.startswith(OWN)]


def line(label: str, text: str) -> list[Part]:
    """Write a fact after its label."""
    return [(f"{label:<{LABEL}}", QUIET), one_line(text)]


def why(e: Explanation) -> Iterator[str]:
    """Say why a job waits, in a sentence and in numbers."""
    yield e.message
    if e.reason is None:
        return
    held = f", held by {spelt(sorted(e.held_by))}" if e.held_by else ""
    yield f"user: {e.user_active} of {e.user_limit} slots{held}"
    limit = "no limit" if e.service_limit is None else f"of {e.service_limit}"
    yield f"service: {e.service_active} active, {limit}"
    yield f"agents: {e.agents} up, {e.free_slots} {'slot' if e.free_slots == 1 else 'slots'} free"
    if e.position is not None:
        yield f"place: {e.position} in the user's line, {e.ahead or 0} jobs ahead in all"
    if e.holders and e.holders != e.held_by:
        yield f"waits for one of {spelt(sorted(e.holders))} to end"
    yield from _outlook(e)


def _outlook(e: Explanation) -> Iterator[str]:
    if e.estimate is not None:
        between = f"{short(e.estimate.low_s)} to {short(e.estimate.high_s)}"
        yield f"start: in about {short(e.estimate.expected_s)} ({between})"
    elif e.estimate_reason:
        yield f"start: no estimate: {e.estimate_reason}"
    for place, remedy in enumerate(e.remedies):
        yield f"{'        ' if place else 'sooner: '}{remedy}"


def document_of(job: JobView) -> str:
    """Write a job as JSON, for a person."""
    return msgspec.json.format(msgspec.json.encode(job), indent=2).decode()


async def learn(source: Source, job_id: int) -> Facts:
    """Ask for everything about a job."""
    job, files = await source.job(job_id), await source.files(job_id)
    waits, runs = job.state == JobState.QUEUED, job.state == JobState.RUNNING
    return Facts(
        job=job,
        history=await source.history(job_id),
        files=files,
        explanation=await source.explain(job_id) if waits else None,
        repeat=await repeat_of(source, job, files),
        runs=await _runs_of(source, job.service) if runs else None,
    )


async def _runs_of(source: Source, service: str) -> Spread | None:
    with suppress(NotFoundError):
        return (await source.statistics(window=LATELY, buckets=FEW, service=service)).run
    return None


def _files(files: FileList, kind: str, label: str) -> Iterator[list[Part]]:
    found = files_of(files, kind)
    if not found:
        return
    yield [""]
    yield [(label, QUIET)]
    for file in found[:MOST_FILES]:
        yield [f"  {size(file.size_bytes):>9}  {one_line(file.name)}"]
    if len(found) > MOST_FILES:
        yield [f"  and {len(found) - MOST_FILES} more"]
