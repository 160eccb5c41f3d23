"""One submission under way: planned, sent, told, and what follows it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import typer

from joborch.cli import history
from joborch.cli.after import After
from joborch.cli.awaiting import Awaiting
from joborch.cli.detaching import jobs_named
from joborch.cli.exits import INTERRUPTED
from joborch.cli.outlook import tell_outlook
from joborch.cli.progress import Bar
from joborch.cli.session import Session
from joborch.cli.template import Filled
from joborch.cli.times import size
from joborch.cli.wishes import check_body, service_for, submission_of, with_command
from joborch.client import Orchestrator, Submission
from joborch.domain.errors import UnknownServiceError
from joborch.domain.selectors import spelt
from joborch.wire.jobs import Submitted


@dataclass(slots=True, kw_only=True)
class Errand:
    """A single submission, of one job or of an array."""

    session: Session
    filled: Filled
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
            if self.ids:
                self.after.detach(self.session, self.ids)
            else:
                self.session.output.note(
                    "Interrupted. It is not known whether the job was submitted: joborch status"
                )
            raise typer.Exit(INTERRUPTED) from None
        raise typer.Exit(code)

    async def plan(self, orchestrator: Orchestrator) -> Submission:
        """Return what would be sent, checked as far as that is possible here."""
        wishes, staged = self.filled.wishes, self.filled.staged
        service = await service_for(self.session, wishes, staged, orchestrator)
        awaited = await Awaiting(self.session, orchestrator).named_in(wishes)
        submission = submission_of(self.session, wishes, staged, service, awaited)
        check_body(submission)
        return submission

    async def _carry_out(self, orchestrator: Orchestrator) -> int:
        submission = await self.plan(orchestrator)
        with Bar(self.session.output, "↑") as bar:
            try:
                submitted = await orchestrator.submit(
                    submission,
                    with_places=self.session.output.is_json,
                    on_progress=bar.move,
                )
            except UnknownServiceError as error:
                raise with_command(error) from error
        self.ids = [job.id for job in submitted.jobs]
        history.remember(self.session.settings.server, self.ids, now=self.session.now)
        self.tell(self, submitted)
        if not (self.after.is_anything or self.session.output.is_for_programs):
            await tell_outlook(self.session, orchestrator, submitted)
        return await self.after.see_through(self.session, orchestrator, self.ids)


def sentence(submitted: Submitted) -> str:
    """Say what was submitted: ``Submitted job 7 to example (2 files, 610 KiB)``."""
    ids = [job.id for job in submitted.jobs]
    files = "1 file" if submitted.files == 1 else f"{submitted.files} files"
    what = jobs_named(ids).lower()
    if submitted.batch:
        what = f"{submitted.batch}: {len(ids)} jobs {spelt(ids)}"
    verb = "Already submitted:" if all(job.duplicate for job in submitted.jobs) else "Submitted"
    return f"{verb} {what} to {submitted.service} ({files}, {size(submitted.size_bytes)})"
