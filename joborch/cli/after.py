"""What follows a submission: waiting, following, fetching, and how it all ends."""

from dataclasses import dataclass
from pathlib import Path

from joborch.cli import outcome
from joborch.cli.detaching import tell_detached
from joborch.cli.downloads import FETCHED_FIELDS, Download, fetch_jobs
from joborch.cli.fields import fields_of
from joborch.cli.follow import LOG_FIELDS, Waiting, follow, tell_ends
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.errors import ConflictError
from joborch.domain.selectors import spelt
from joborch.wire.jobs import JobView

AFTER_FIELDS = (*fields_of(JobView), *LOG_FIELDS, *FETCHED_FIELDS)
"""What programs may be shown of a job once it is submitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What to do once the jobs are submitted."""

    is_waiting: bool = False
    is_following: bool = False
    into: str | None = None
    """Fetch the results into this directory; empty: into one named after the job."""
    is_fail_fast: bool = False
    is_propagating: bool = False
    """Exit with the job's own status."""
    cancels_on_interrupt: bool = False

    @property
    def is_anything(self) -> bool:
        """Whether there is more to do than submitting."""
        return self.is_waiting or self.is_following or self.into is not None

    async def see_through(
        self, session: Session, orchestrator: Orchestrator, ids: list[int]
    ) -> int:
        """Do it for these jobs and return the exit code; 0 at once if there is nothing to do."""
        if not self.is_anything:
            return 0
        jobs = await self._finished(session, orchestrator, ids)
        tell_ends(session, jobs)
        if self.into is not None:
            into = Path(self.into) if self.into else None
            with_results = [job for job in jobs if job.results]
            await fetch_jobs(session, orchestrator, with_results, Download(into=into, warns=False))
        if self.is_propagating:
            return outcome.own_status(jobs[0])
        return outcome.exit_code(jobs)

    def detach(self, session: Session, ids: list[int]) -> None:
        """After an interrupt: leave the jobs alone and say so, or end them."""
        if self.cancels_on_interrupt:
            by = session.settings.user_id
            session.run(lambda orchestrator: _cancel(orchestrator, ids, by=by))
            session.output.note(f"Cancelled {spelt(ids)}")
            return
        tell_detached(session, ids)

    async def _finished(
        self, session: Session, orchestrator: Orchestrator, ids: list[int]
    ) -> list[JobView]:
        if self.is_following:
            return [await follow(session, orchestrator, ids[0])]
        waiting = Waiting(session, ids, is_fail_fast=self.is_fail_fast)
        return await waiting.finish(orchestrator)


async def _cancel(orchestrator: Orchestrator, ids: list[int], *, by: str) -> None:
    for job_id in ids:
        try:
            await orchestrator.cancel(job_id, reason="interrupted", by=by)
        except ConflictError:
            continue  # it had ended before
