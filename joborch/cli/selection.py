"""From how people name jobs to the jobs: resolved on the server, once, into a list."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace

from joborch.cli import history
from joborch.cli.exits import UsageError
from joborch.cli.filtering import passing, wanted_by
from joborch.cli.session import Session
from joborch.client import JobQuery, Orchestrator
from joborch.domain.errors import NotFoundError
from joborch.domain.filter_words import quoted
from joborch.domain.filters import is_condition
from joborch.domain.selectors import (
    Batch,
    FromInput,
    Ids,
    InStates,
    Last,
    Named,
    Selector,
    ids_in,
    is_about_held,
    parse_selector,
)
from joborch.wire.jobs import JobView

MOST_IDS = 500
"""So many ids go into one URL."""


class EmptySelectionError(NotFoundError):
    """No job is what was named."""

    code = "empty_selection"


def parsed(texts: Sequence[str]) -> list[Selector]:
    """Read selectors; ``UsageError`` for the first that is none."""
    found: list[Selector] = []
    for text in texts:
        try:
            found.append(parse_selector(text))
        except ValueError as error:
            hint = f"--filter {shlex.quote(text)}" if is_condition(text) else None
            raise UsageError(str(error), hint=hint) from error
    return found


def are_ids(texts: Sequence[str]) -> bool:
    """Whether jobs are named, and each by its id or within a range of ids."""
    return bool(texts) and all(isinstance(each, Ids) for each in parsed(texts))


async def select(
    texts: Sequence[str],
    *,
    session: Session,
    orchestrator: Orchestrator,
    where: str | None = None,
    default: str | None = None,
) -> list[JobView]:
    """Return the jobs that are named and pass the filter, each once, in the order of their naming.

    If there is a filter and no name, they are all of one's own that pass; if there is neither,
    they are what ``default`` names.

    Raises:
        JobNotFoundError: if one that was named by its id is not there.
        EmptySelectionError: if there is none at all.
    """
    wanted = wanted_by(where, session)
    named = [*texts] or ([default] if default and where is None else [])
    if named:
        jobs = await _named(named, session, orchestrator)
        jobs = await narrowed(jobs, JobQuery(q=str(wanted) or None), orchestrator)
    elif where is not None:
        jobs = await _all(orchestrator, passing(wanted, session))
    else:
        raise UsageError("which jobs?", hint="give ids like 42, 40-60 or b-31, @failed, --filter")
    if not jobs:
        raise _nothing_found(named, where, me=session.settings.user_id)
    return jobs


async def narrowed(
    jobs: list[JobView], query: JobQuery, orchestrator: Orchestrator
) -> list[JobView]:
    """Return those of the jobs of which the query's conditions hold, in their order."""
    if query == JobQuery():
        return jobs
    kept: set[int] = set()
    for start in range(0, len(jobs), MOST_IDS):
        ids = [job.id for job in jobs[start : start + MOST_IDS]]
        page = await orchestrator.jobs(replace(query, id=ids), limit=MOST_IDS)
        kept |= {job.id for job in page.items}
    return [job for job in jobs if job.id in kept]


def _nothing_found(named: Sequence[str], where: str | None, *, me: str) -> EmptySelectionError:
    said = [f"is {' or '.join(named)}"] if named else []
    wanted = " and ".join([*said, *([f"passes {where}"] if where else [])])
    selectors = [each for each in parsed(named) if isinstance(each, InStates | Named)]
    if not selectors or len(selectors) < len(named):
        return EmptySelectionError(f"no job {wanted}")
    query = _of_mine(selectors[0], me)
    terms = f"user:NAME {query.q or f'state:{query.state}'}"
    return EmptySelectionError(
        f"none of your jobs {wanted}",
        hint=f"--filter {shlex.quote(terms)} is about another user's",
        why=f"you are {me}",
    )


async def _named(
    texts: Sequence[str], session: Session, orchestrator: Orchestrator
) -> list[JobView]:
    found: dict[int, JobView] = {}
    selectors = parsed(texts)
    for selector in selectors:
        if isinstance(selector, FromInput):
            ids = _from_input()
            if not ids and len(selectors) == 1:
                raise EmptySelectionError("there are no ids on standard input")
            jobs = await orchestrator.jobs_by_id(ids)
        else:
            jobs = await _resolve(selector, session, orchestrator)
        for job in jobs:
            found.setdefault(job.id, job)
    return [*found.values()]


async def _resolve(
    selector: Ids | Last | Batch | InStates | Named, session: Session, orchestrator: Orchestrator
) -> list[JobView]:
    match selector:
        case Ids():
            if len(selector.ids) == 1:
                return [await orchestrator.job(selector.ids[0])]
            return await orchestrator.jobs_by_id(selector.ids, required=selector.required)
        case Last():
            ids = history.recall(session.settings.server, selector.back)
            return await orchestrator.jobs_by_id(ids)
        case Batch():
            jobs = await _all(orchestrator, JobQuery(batch=selector.name, sort="id"))
            wanted = selector.indices
            return [job for job in jobs if wanted is None or job.array_index in wanted]
        case InStates() | Named():
            return await _all(orchestrator, _of_mine(selector, session.settings.user_id))


def _of_mine(selector: InStates | Named, me: str) -> JobQuery:
    match selector:
        case InStates(words) if is_about_held(words):
            return JobQuery(q=f"state:{words}", user=me, sort="id")
        case InStates(words):
            return JobQuery(state=words, user=me, sort="id")
        case Named(pattern):
            return JobQuery(q=f"name:{quoted(pattern)}", user=me, sort="id")


async def _all(orchestrator: Orchestrator, query: JobQuery) -> list[JobView]:
    return [job async for job in orchestrator.iter_jobs(query)]


def _from_input() -> list[int]:
    if sys.stdin.isatty():
        raise UsageError("ids are to be read from standard input, which is a terminal")
    try:
        return ids_in(sys.stdin.read())
    except ValueError as error:
        raise UsageError(str(error)) from error
