"""Many submissions, some at a time: one for each item, none twice, none forgotten."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import typer

from joborch.cli import history
from joborch.cli.after import After
from joborch.cli.exits import INTERRUPTED, as_ours
from joborch.cli.ledger import ChangedError, Ledger
from joborch.cli.pieces import Piece, ready
from joborch.cli.progress import Bar
from joborch.cli.session import Session
from joborch.cli.tally import Sent, Tally
from joborch.cli.template import Filled
from joborch.client import Orchestrator
from joborch.client.places import state_directory
from joborch.domain.errors import (
    ConflictError,
    JoborchError,
    RequestError,
    UnknownServiceError,
)

WORTHWHILE_JOBS = 20
"""More than these are worth a bar, however small they are."""


@dataclass(slots=True, kw_only=True)
class FanOut:
    """Many submissions under way."""

    session: Session
    filled: Sequence[Filled]
    after: After
    ledger: Ledger
    ledger_name: str | None
    """As it was given; None: the ledger is in memory."""
    parallel: int
    tally: Tally = field(default_factory=Tally)
    _is_stopping: bool = False
    _is_told: bool = False
    _bytes: dict[str, int] = field(default_factory=dict)
    """Sent so far, of each piece."""
    _done_bytes: int = 0
    _all_bytes: int = 0

    def carry_out(self) -> None:
        """Do it all and leave with the exit code; an interrupt says how to go on.

        Raises:
            typer.Exit: once every item became a job.
            PartialError: if only some did. If none did, the error that the first met.
        """
        try:
            code = self.session.run(self._carry_out)
        except KeyboardInterrupt:
            self._interrupted()
            raise typer.Exit(INTERRUPTED) from None
        raise typer.Exit(code)

    async def _carry_out(self, orchestrator: Orchestrator) -> int:
        self.tally.pieces = await ready(self.session, orchestrator, self.filled)
        self._all_bytes = sum(piece.size_bytes for piece in self.tally.pieces)
        is_long = len(self.tally.pieces) > WORTHWHILE_JOBS
        with Bar(self.session.output, "↑", is_long=is_long) as bar:
            left = iter(self.tally.pieces)
            async with asyncio.TaskGroup() as group:
                for number in range(self.parallel):
                    worker = self._work(left, orchestrator, bar)
                    group.create_task(worker, name=f"upload {number}")
        self._conclude()
        if not self.tally.is_complete:
            raise self.tally.error(self._advice())
        return await self.after.see_through(self.session, orchestrator, self.tally.ids)

    async def _work(self, left: Iterator[Piece], orchestrator: Orchestrator, bar: Bar) -> None:
        """Send one piece after the other, of those that nobody else has taken."""
        for piece in left:
            if self._is_stopping:
                return
            try:
                await self._send(piece, orchestrator, bar)
            except (JoborchError, OSError) as error:
                self.tally.failed[piece.label] = as_ours(error)
                self._is_stopping = self._is_stopping or _is_for_all(as_ours(error))

    async def _send(self, piece: Piece, orchestrator: Orchestrator, bar: Bar) -> None:
        digest = await asyncio.to_thread(piece.submission.digest)
        known = self.ledger.known(piece.label, piece.submission, digest)
        if known is not None:
            self._note(Sent(item=piece.label, id=known, state=None, duplicate=True))
            return
        submission = self.ledger.begin(piece.label, piece.submission, digest)
        submitted = await orchestrator.submit(
            submission, on_progress=lambda done, total: self._show(bar, piece, done / total)
        )
        job = submitted.jobs[0]
        self._note(Sent(item=piece.label, id=job.id, state=job.state, duplicate=job.duplicate))
        self._show(bar, piece, 1)
        self.ledger.end(piece.label, job.id)

    def _note(self, sent: Sent) -> None:
        self.tally.sent[sent.item] = sent

    def _show(self, bar: Bar, piece: Piece, part: float) -> None:
        done = int(part * piece.size_bytes)
        self._done_bytes += done - self._bytes.get(piece.label, 0)
        self._bytes[piece.label] = done
        bar.label = f"↑ {len(self.tally.sent)}/{len(self.tally.pieces)} jobs"
        if self.tally.failed:
            bar.label += f", {len(self.tally.failed)} failed"
        bar.move(self._done_bytes, self._all_bytes)

    def _conclude(self) -> None:
        """Tell what became of it, once."""
        if self.tally.sent:
            history.remember(
                self.session.settings.server, sorted(self.tally.ids), now=self.session.now
            )
            is_table = self.session.options.chosen_format in {
                "table",
                "wide",
                "plain",
                "tsv",
                "csv",
            }
            self.tally.tell(self.session.output, is_table=is_table)
        if self.tally.is_complete and not self.after.is_anything:
            self.session.output.hint("joborch wait last  ·  joborch status last")
        self._is_told = True

    def _interrupted(self) -> None:
        if self._is_told:
            self.after.detach(self.session, self.tally.ids)
            return
        if not self.tally.pieces:
            self.session.output.note("Interrupted before anything was sent")
            return
        self._conclude()
        advice = self._advice()
        self.session.output.note(self.tally.so_far + (f" · {advice}" if advice else ""))

    def _advice(self) -> str | None:
        """Say how to submit the rest; a ledger that was in memory is saved for that."""
        failed = [*self.tally.failed.values()]
        is_rest_changed = len(failed) == len(self.tally.pieces) - len(self.tally.sent)
        if failed and is_rest_changed and all(isinstance(each, ChangedError) for each in failed):
            return failed[0].hint
        if not self.ledger.entries:
            return None
        name = self.ledger_name
        if name is None:
            now = self.session.now
            folder = state_directory(os.environ) / "unfinished"
            path = folder / f"{now:%Y%m%dT%H%M%S}-{os.getpid()}.ndjson"
            self.ledger.save(path)
            name = str(path)
        return f"continue with --ledger {name}"


def _is_for_all(error: JoborchError) -> bool:
    """Whether the other items would fare no better."""
    return isinstance(error, UnknownServiceError) or not isinstance(
        error, RequestError | ConflictError
    )
