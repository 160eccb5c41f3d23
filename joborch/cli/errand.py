"""A submission and what follows it: waiting, following, fetching, and how it all ends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import typer

from joborch.cli import history, outcome
from joborch.cli.downloads import Download, fetch_jobs
from joborch.cli.exits import INTERRUPTED
from joborch.cli.follow import Waiting, follow, tell_ends
from joborch.cli.progress import Bar
from joborch.cli.session import Session
from joborch.cli.staging import Staged
from joborch.cli.submit_options import (
    Wishes,
    check_body,
    service_for,
    submission_of,
    with_command,
)
from joborch.cli.times import size
from joborch.client import Orchestrator, Submission
from joborch.domain.errors import ConflictError, UnknownServiceError
from joborch.domain.selectors import spelt
from joborch.wire.jobs import JobView, Submitted


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


@dataclass(slots=True, kw_only=True)
class Errand:
    """One submission under way."""

    session: Session
    wishes: Wishes
    staged: Staged
    after: After
    tell: Callable[["Errand", Submitted], None]
    """Says that the jobs are submitted."""
    ids: list[int] = field(default_factory=list)
    """Of the jobs, once there are any."""

    def carry_out(self) -> None:
        """Do it all and leave with the exit code; an interrupt leaves the jobs running.

        Raises:
            typer.Exit: always.
        """
        try:
            code = self.session.run(self._carry_out)
        except KeyboardInterrupt:
            self._detach()
            raise typer.Exit(INTERRUPTED) from None
        raise typer.Exit(code)

    async def plan(self, orchestrator: Orchestrator) -> Submission:
        """Return what would be sent, checked as far as that is possible here."""
        service = await service_for(self.session, self.wishes, self.staged, orchestrator)
        submission = submission_of(self.session, self.wishes, self.staged, service)
        check_body(submission)
        return submission

    async def rehearse(self, orchestrator: Orchestrator) -> Submission:
        """Return what would be sent, as :meth:`plan`, once the server knows the service."""
        submission = await self.plan(orchestrator)
        known = (await orchestrator.meta()).services
        if submission.service not in known:
            raise with_command(UnknownServiceError(submission.service, tuple(known)))
        return submission

    async def _carry_out(self, orchestrator: Orchestrator) -> int:
        submission = await self.plan(orchestrator)
        with Bar(self.session.output, "↑") as bar:
            try:
                submitted = await orchestrator.submit(submission, on_progress=bar.move)
            except UnknownServiceError as error:
                raise with_command(error) from error
        self.ids = [job.id for job in submitted.jobs]
        history.remember(self.session.settings.server, self.ids, now=self.session.now)
        self.tell(self, submitted)
        if not self.after.is_anything:
            return 0
        return await self._follow_up(orchestrator)

    async def _follow_up(self, orchestrator: Orchestrator) -> int:
        jobs = await self._finished(orchestrator)
        tell_ends(self.session, jobs)
        if self.after.into is not None:
            into = Path(self.after.into) if self.after.into else None
            with_results = [job for job in jobs if job.results]
            await fetch_jobs(
                self.session, orchestrator, with_results, Download(into=into, warns=False)
            )
        if self.after.is_propagating:
            return outcome.own_status(jobs[0])
        return outcome.exit_code(jobs)

    async def _finished(self, orchestrator: Orchestrator) -> list[JobView]:
        if self.after.is_following:
            return [await follow(self.session, orchestrator, self.ids[0])]
        waiting = Waiting(self.session, self.ids, is_fail_fast=self.after.is_fail_fast)
        return await waiting.finish(orchestrator)

    def _detach(self) -> None:
        note = self.session.output.note
        if not self.ids:
            note("Interrupted. It is not known whether the job was submitted: joborch status")
            return
        which = spelt(self.ids)
        if self.after.cancels_on_interrupt:
            self.session.run(self._cancel)
            note(f"Cancelled {which}")
            return
        verb = "keeps" if len(self.ids) == 1 else "keep"
        note(f"Detached. {_jobs(self.ids)} {verb} running · to stop: joborch cancel {which}")

    async def _cancel(self, orchestrator: Orchestrator) -> None:
        for job_id in self.ids:
            try:
                await orchestrator.cancel(job_id, reason="interrupted")
            except ConflictError:
                continue  # it had ended before


def sentence(submitted: Submitted) -> str:
    """Say what was submitted: ``Submitted job 7 to example (2 files, 610 KiB)``."""
    ids = [job.id for job in submitted.jobs]
    files = "1 file" if submitted.files == 1 else f"{submitted.files} files"
    what = _jobs(ids).lower()
    if submitted.batch:
        what = f"{submitted.batch}: {len(ids)} jobs {spelt(ids)}"
    verb = "Already submitted:" if all(job.duplicate for job in submitted.jobs) else "Submitted"
    return f"{verb} {what} to {submitted.service} ({files}, {size(submitted.size_bytes)})"


def _jobs(ids: list[int]) -> str:
    return f"Job {ids[0]}" if len(ids) == 1 else f"Jobs {spelt(ids)}"
