"""How Slurm's programs get their work done: by joborch's own commands, and by looking at jobs."""

import io
import re
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout

from joborch.cli.exits import UsageError
from joborch.cli.options import Common
from joborch.cli.session import Session
from joborch.client import JobQuery, Orchestrator
from joborch.wire.jobs import JobView

_REFERENCE = re.compile(r"(\d{1,18})(?:_(\d{1,9}|\[[\d,:%-]+\]|\*))?(?:\.\w+)?", re.ASCII)


def joborch(*words: str) -> int:
    """Run one of joborch's commands and return its exit code."""
    from joborch.cli.main import main

    return main(list(words))


def quietly(*words: str) -> tuple[int, str]:
    """Run one of joborch's commands; return its exit code and what it printed."""
    with redirect_stdout(io.StringIO()) as printed:
        code = joborch(*words)
    return code, printed.getvalue()


def jobs_named(program: str, texts: Sequence[str]) -> list[JobView]:
    """Return the jobs that Slurm would mean by ``12``, ``12_3``, ``12_[1-5]`` and ``12,13``.

    The first job of an array stands for all of it, as its number is the one that ``sbatch`` says.

    Raises:
        UsageError: for what is no number of a job.
        JobNotFoundError: if there is none with that number.
    """
    words = [word for text in texts for word in _separate(text)]
    matches = [(word, _REFERENCE.fullmatch(word)) for word in words]
    if wrong := [word for word, match in matches if not match]:
        raise UsageError(f"{program}: {wrong[0]!r} is no job's number")

    async def work(orchestrator: Orchestrator) -> list[JobView]:
        found: dict[int, JobView] = {}
        for _, match in matches:
            if match:
                for job in await _resolved(orchestrator, int(match[1]), match[2]):
                    found[job.id] = job
        return list(found.values())

    return Session(Common()).run(work)


def jobs_like(query: JobQuery) -> list[JobView]:
    """Return all jobs that match."""

    async def work(orchestrator: Orchestrator) -> list[JobView]:
        return [job async for job in orchestrator.iter_jobs(query)]

    return Session(Common()).run(work)


def passing(jobs: Iterable[JobView], **wanted: str | None) -> list[JobView]:
    """Return those jobs whose fields have one of the values, which have commas between them."""
    values = {name: text.split(",") for name, text in wanted.items() if text is not None}
    return [job for job in jobs if all(getattr(job, name) in values[name] for name in values)]


def me() -> str:
    """Return whose jobs are "mine"."""
    return Session(Common()).settings.user_id


async def _resolved(orchestrator: Orchestrator, number: int, part: str | None) -> list[JobView]:
    job = await orchestrator.job(number)
    if job.batch is None:
        return [job]
    array = [each async for each in orchestrator.iter_jobs(JobQuery(batch=job.batch, sort="id"))]
    if part is None:
        return array if array[0].id == job.id else [job]
    if part == "*":
        return array
    from joborch.domain.arrays import parse_array

    wanted = parse_array(part.strip("[]")).indices
    return [each for each in array if each.array_index in wanted]


def _separate(text: str) -> list[str]:
    """Take a list apart at its commas, but for those between brackets."""
    return [word for word in re.split(r",(?![^\[]*\])", text) if word]
