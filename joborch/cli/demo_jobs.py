"""The jobs of ``joborch demo``: three users, two services, a few seconds each."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from joborch.cli.demo_site import SERVICES
from joborch.cli.tables import Column
from joborch.client import CancelJobs, JobQuery, Orchestrator, Submission
from joborch.domain.states import JobState
from joborch.wire.jobs import JobView

OTHERS = ("ada", "grace")
SCRIPT = b"""#!/bin/sh
# One of the demonstration's jobs: it pretends to work for one to three seconds.
for step in 1 2 3 4 5; do
    echo "step $step of 5"
    sleep 0.$(( JOBORCH_ARRAY_INDEX * 3 % 5 + 2 ))
done
echo "job $JOBORCH_JOB_ID, done on $JOBORCH_AGENT" > result.txt
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What became of one user's jobs at one service."""

    user_id: str
    service: str
    jobs: int
    completed: int
    waited_s: float
    """On the average, from the submission to the agent."""
    ran_s: float


def submissions(count: int, me: str) -> Iterator[Submission]:
    """Yield arrays that make ``count`` jobs, spread evenly over users and services."""
    users = (me, *(user for user in OTHERS if user != me))
    pairs = [(user, service) for user in users for service in SERVICES]
    for at, (user, service) in enumerate(pairs):
        if share := len(range(at, count, len(pairs))):
            yield Submission(
                service=service,
                user_id=user,
                name=service,
                files={"run.sh": SCRIPT},
                array=f"1-{share}",
            )


async def submit_all(orchestrator: Orchestrator, count: int, me: str) -> list[int]:
    """Submit everything and return the ids."""
    answers = [await orchestrator.submit(each) for each in submissions(count, me)]
    return [job.id for answer in answers for job in answer.jobs]


async def until_done(
    orchestrator: Orchestrator,
    tell: Callable[[list[JobView]], None],
    pause: Callable[[], Awaitable[None]],
) -> list[JobView]:
    """Look at all jobs again and again, until the last one has ended; return them."""
    while True:
        jobs = await all_jobs(orchestrator)
        tell(jobs)
        if all(JobState(job.state).is_terminal for job in jobs):
            return jobs
        await pause()


async def all_jobs(orchestrator: Orchestrator) -> list[JobView]:
    """Return every job there is, in the order of their ids."""
    return [job async for job in orchestrator.iter_jobs(JobQuery(sort="id"))]


async def cancel_all(orchestrator: Orchestrator) -> None:
    """Cancel what has not ended, and wait for its end."""
    active = [job.id async for job in orchestrator.iter_jobs(JobQuery(state="active"))]
    if active:
        await orchestrator.act(CancelJobs(ids=active, reason="the demo is over"))
        await orchestrator.wait(active)


def counted(jobs: list[JobView]) -> str:
    """Say how far all of it is: ``12 of 60 completed · 9 running · 39 queued``."""
    states = [job.state for job in jobs]
    words = (JobState.FAILED, JobState.CANCELLED, JobState.RUNNING, JobState.QUEUED)
    parts = [f"{states.count(word)} {word}" for word in words if word in states]
    return " · ".join([f"{states.count(JobState.COMPLETED)} of {len(jobs)} completed", *parts])


def shares(jobs: list[JobView]) -> list[Share]:
    """Add the jobs up, by user and service."""
    groups: dict[tuple[str, str], list[JobView]] = {}
    for job in jobs:
        groups.setdefault((job.user_id, job.service), []).append(job)
    return [_share(*key, group) for key, group in groups.items()]


def columns() -> list[Column[Share]]:
    """Return the columns of the final table."""
    return [
        Column(name="user_id", head="USER", text=lambda s: s.user_id, raw=lambda s: s.user_id),
        Column(name="service", head="SERVICE", text=lambda s: s.service, raw=lambda s: s.service),
        Column(
            name="quota",
            head="QUOTA",
            text=lambda s: SERVICES[s.service],
            raw=lambda s: SERVICES[s.service],
        ),
        _number("jobs", "JOBS", lambda s: s.jobs),
        _number("completed", "DONE", lambda s: s.completed),
        _number("waited_s", "WAITED", lambda s: s.waited_s),
        _number("ran_s", "RAN", lambda s: s.ran_s),
    ]


def _number(name: str, head: str, value: Callable[[Share], float]) -> Column[Share]:
    def text(share: Share) -> str:
        return str(value(share)) if isinstance(value(share), int) else f"{value(share):.1f} s"

    return Column(name=name, head=head, text=text, raw=value, is_right=True)


def _share(user_id: str, service: str, jobs: list[JobView]) -> Share:
    waits = [(j.assigned_at - j.submitted_at).total_seconds() for j in jobs if j.assigned_at]
    runs = [
        (j.finished_at - j.started_at).total_seconds()
        for j in jobs
        if j.started_at and j.finished_at
    ]
    return Share(
        user_id=user_id,
        service=service,
        jobs=len(jobs),
        completed=sum(job.state == JobState.COMPLETED for job in jobs),
        waited_s=_mean(waits),
        ran_s=_mean(runs),
    )


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 3) if values else 0.0
