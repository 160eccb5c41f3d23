"""From how people name jobs to the jobs: resolved on the server, once, into a list."""

import sys
from collections.abc import Sequence

from joborch.cli import history
from joborch.cli.exits import UsageError
from joborch.cli.session import Session
from joborch.client import JobQuery, Orchestrator
from joborch.domain.errors import NotFoundError
from joborch.domain.selectors import (
    Batch,
    FromInput,
    Held,
    Ids,
    InStates,
    Last,
    Selector,
    ids_in,
    parse_selector,
)
from joborch.wire.jobs import JobView


class EmptySelectionError(NotFoundError):
    """No job is what was named."""

    code = "empty_selection"


def parsed(texts: Sequence[str]) -> list[Selector]:
    """Read selectors; ``UsageError`` for the first that is none."""
    try:
        return [parse_selector(text) for text in texts]
    except ValueError as error:
        raise UsageError(str(error)) from error


async def select(
    texts: Sequence[str], *, session: Session, orchestrator: Orchestrator
) -> list[JobView]:
    """Return the jobs that are named, each once, in the order of their naming.

    Raises:
        JobNotFoundError: if one that was named by its id is not there.
        EmptySelectionError: if there is none at all.
    """
    found: dict[int, JobView] = {}
    for selector in parsed(texts):
        for job in await _resolve(selector, session, orchestrator):
            found.setdefault(job.id, job)
    if not found:
        raise EmptySelectionError(f"no job is {' or '.join(texts)}")
    return list(found.values())


async def select_one(text: str, *, session: Session, orchestrator: Orchestrator) -> JobView:
    """Return the only job that is named; ``UsageError`` if there are several."""
    jobs = await select([text], session=session, orchestrator=orchestrator)
    if len(jobs) > 1:
        raise UsageError(f"{text} is {len(jobs)} jobs; this command takes one")
    return jobs[0]


async def _resolve(
    selector: Selector, session: Session, orchestrator: Orchestrator
) -> list[JobView]:
    match selector:
        case Ids():
            if len(selector.ids) == 1:
                return [await orchestrator.job(selector.ids[0])]
            return await orchestrator.jobs_by_id(selector.ids, required=selector.required)
        case FromInput():
            return await orchestrator.jobs_by_id(_from_input())
        case Last():
            ids = history.recall(session.settings.server, selector.back)
            return await orchestrator.jobs_by_id(ids)
        case Batch():
            jobs = await _all(orchestrator, JobQuery(batch=selector.name, sort="id"))
            wanted = selector.indices
            return [job for job in jobs if wanted is None or job.array_index in wanted]
        case InStates() | Held():
            is_held = isinstance(selector, Held)
            words = "queued" if isinstance(selector, Held) else selector.words
            query = JobQuery(state=words, user=session.settings.user_id, sort="id")
            jobs = await _all(orchestrator, query)
            return [job for job in jobs if job.held_at is not None or not is_held]


async def _all(orchestrator: Orchestrator, query: JobQuery) -> list[JobView]:
    return [job async for job in orchestrator.iter_jobs(query)]


def _from_input() -> list[int]:
    if sys.stdin.isatty():
        raise UsageError("ids are to be read from standard input, which is a terminal")
    try:
        return ids_in(sys.stdin.read())
    except ValueError as error:
        raise UsageError(str(error)) from error
