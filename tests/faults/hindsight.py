"""What the hosts really did, held against what the server says of it, once a day is over."""

import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from joborch.domain.jobs import Job
from tests.faults.simulated.shims import Execution
from tests.faults.truths import Books, wrong_results

AWAKE_S = 1.0
"""How long a job may still run after its host, which had been suspended, went on."""


def judged(
    books: Books, accepted: set[int], executions: Sequence[Execution], data: Path
) -> list[str]:
    """Say everything that must not have been; the books themselves have been looked at."""
    found = [f"job {job.id} is {job.state}" for job in books.jobs.values() if not job.finished_at]
    found += wrong_results(books, data)
    if set(books.jobs) != accepted:
        found.append("the jobs are not those that were accepted")
    found += [f"{one} goes on for ever" for one in executions if one.ended_at is None]
    return [*found, *_wrong_ends(books, executions, data), *_overlaps(executions)]


def _overlaps(executions: Sequence[Execution]) -> Iterator[str]:
    """Say which executions of one job were under way at the same time, or were the same."""
    times = Counter((one.job_id, one.attempt) for one in executions)
    yield from (f"attempt {key} began {count} times" for key, count in times.items() if count > 1)
    by_job: dict[int, list[Execution]] = defaultdict(list)
    for execution in executions:
        by_job[execution.job_id].append(execution)
    for found in by_job.values():
        for one, other in pairwise(sorted(found, key=lambda execution: execution.began_at)):
            if not _is_over_before(one, other):
                yield f"{one} and {other} overlap"


def _is_over_before(one: Execution, other: Execution) -> bool:
    """A suspended host's job runs for an instant when the host goes on, which cannot be helped."""
    if one.ended_at is None:
        return False
    was_suspended = one.woke_at is not None and one.woke_at >= other.began_at
    return (
        one.ended_at <= (one.woke_at or 0) + AWAKE_S
        if was_suspended
        else (one.ended_at <= other.began_at)
    )


def _wrong_ends(books: Books, executions: Sequence[Execution], data: Path) -> Iterator[str]:
    """Say which jobs have an end that no execution of theirs had, or another one's results."""
    ran = {(execution.job_id, execution.attempt) for execution in executions}
    for job in books.jobs.values():
        if job.state in {"completed", "failed"} and (job.id, job.attempt) not in ran:
            yield f"job {job.id} is {job.state} but attempt {job.attempt} never ran"
        if job.has_results and (mark := _mark_in_results(job, data)) not in {"", _mark_of(job)}:
            yield f"job {job.id} ended with attempt {job.attempt} and has the results of {mark}"


def _mark_in_results(job: Job, data: Path) -> str:
    """Return which attempt left the results; nothing if it never ran."""
    (path,) = (data / "results").glob(f"*/{_mark_of(job)}.zip")
    with zipfile.ZipFile(path) as archive:
        return archive.read("mark").decode() if "mark" in archive.namelist() else ""


def _mark_of(job: Job) -> str:
    return f"{job.id}-{job.attempt}"
