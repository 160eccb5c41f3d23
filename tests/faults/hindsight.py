"""What the hosts really did, held against what the server says of it, once a day is over."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.faults.simulated_agent import Execution
from tests.faults.truths import Books


def overlaps(executions: Sequence[Execution]) -> list[str]:
    """Say which executions of one job were under way at the same time."""
    by_job: dict[int, list[Execution]] = defaultdict(list)
    for execution in executions:
        by_job[execution.key[0]].append(execution)
    return [
        f"job {job_id}: {one} and {other} overlap"
        for job_id, found in by_job.items()
        for one, other in pairwise(sorted(found, key=lambda execution: execution.began_at))
        if one.ended_at is None or one.ended_at > other.began_at
    ]


def wrong_ends(books: Books, executions: Sequence[Execution]) -> Iterator[str]:
    """Say which jobs have an end that no execution of theirs had, or another one's results."""
    ran = {execution.key for execution in executions}
    for job in books.jobs.values():
        digest = hashlib.sha256(results_of(job.id, job.attempt, job.state.value)).hexdigest()
        if job.has_results and digest != job.results_sha256:
            yield f"job {job.id} has results of another attempt"
        if job.state in {"completed", "failed"} and (job.id, job.attempt) not in ran:
            yield f"job {job.id} is {job.state} but attempt {job.attempt} never ran"


def results_of(job_id: int, attempt: int, outcome: str) -> bytes:
    """Return what an attempt leaves: no other leaves the same."""
    return f"{job_id}-{attempt} {outcome}".encode()
