"""Everything about one job, as lines for a person."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from joborch.domain.durations import format_duration
from joborch.domain.selectors import spelt
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.tui.formatting import clock, ending, mark, moment, running_s, short, size, words
from joborch.tui.lines import QUIET
from joborch.tui.look import Look
from joborch.tui.source import Source
from joborch.tui.widgets.lines import Part
from joborch.wire.events import EventView
from joborch.wire.jobs import Explanation, FileList, JobView

MOST_FILES = 12
OWN = ".joborch/"
"""What joborch itself adds to the results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the server says of a job."""

    job: JobView
    history: list[EventView]
    files: FileList
    explanation: Explanation | None


def lines_of(facts: Facts, look: Look) -> Iterator[list[Part]]:
    """Write the facts, why the job waits, its history and its files."""
    for label, text in (*_now(facts.job, look), *_limits(facts.job, look)):
        yield _line(label, text)
    yield [""]
    if facts.explanation:
        first, *others = why(facts.explanation)
        yield _line("waits", first)
        yield from (_line("", text) for text in others)
        yield [""]
    yield [("history", QUIET)]
    for event in facts.history:
        detail = " ".join(f"{key}={value}" for key, value in event.detail.items())
        arrow = f"{event.event} {look.glyphs.arrow} {event.to_state} by {event.actor} {detail}"
        yield [f"  {moment(event.at)}  {one_line(arrow).rstrip()}"]
    for kind, label in (("input", "inputs"), ("result", "results")):
        yield from _files(facts.files, kind, label)


def _now(job: JobView, look: Look) -> Iterator[tuple[str, str]]:
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


def _limits(job: JobView, look: Look) -> Iterator[tuple[str, str]]:
    limit = f"at most {format_duration(job.time_limit_s)}" if job.time_limit_s else ""
    ran = running_s(job, look.now())
    if ran is not None:
        yield "ran", f"{clock(ran)} {limit}".rstrip()
    elif limit:
        yield "may run", limit
    if job.cancel_requested_at and not JobState(job.state).is_terminal:
        yield "cancel", f"asked for at {moment(job.cancel_requested_at)}"
    if job.results:
        gone = job.results.removed_at
        yield "results", f"{size(job.results.size_bytes)}{', removed' if gone else ''}"


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
    job = await source.job(job_id)
    waits = job.state == JobState.QUEUED
    return Facts(
        job=job,
        history=await source.history(job_id),
        files=await source.files(job_id),
        explanation=await source.explain(job_id) if waits else None,
    )


def _files(files: FileList, kind: str, label: str) -> Iterator[list[Part]]:
    found = [f for f in files.items if f.kind == kind and not f.name.startswith(OWN)]
    if not found:
        return
    yield [""]
    yield [(label, QUIET)]
    for file in found[:MOST_FILES]:
        yield [f"  {size(file.size_bytes):>9}  {one_line(file.name)}"]
    if len(found) > MOST_FILES:
        yield [f"  and {len(found) - MOST_FILES} more"]


def _line(label: str, text: str) -> list[Part]:
    return [(f"{label:<10}", QUIET), one_line(text)]
