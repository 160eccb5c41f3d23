"""``--dry-run``: what would be sent, and what it would meet at the server. Nothing is changed."""

from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from joborch.cli.effects import Effect
from joborch.cli.ledger import ChangedError, Ledger
from joborch.cli.output import Output
from joborch.cli.pieces import Piece, ready
from joborch.cli.session import Session
from joborch.cli.tally import MOST_TOLD
from joborch.cli.template import Filled
from joborch.cli.times import iso, size
from joborch.client import JobQuery, Orchestrator
from joborch.client.submission import Submission
from joborch.domain.arrays import parse_array
from joborch.domain.errors import NotFoundError, ServerBrokenError
from joborch.domain.jobs import DEFAULT_PRIORITY
from joborch.domain.text import one_line
from joborch.wire.services import ServiceView, UsageView
from joborch.wire.statistics import StartEstimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Submissions that are not made."""

    pieces: Sequence[Piece]
    effects: Sequence[Effect]
    known: int
    """How many items a ledger has as submitted already."""
    session: Session

    def tell(self, output: Output, *, begin_with_label: bool) -> None:
        """Print the files, and to a person what would be."""
        if output.is_json:
            output.document(self._document())
            return
        for piece in self.pieces:
            label = f"{one_line(piece.label)}  " if begin_with_label else ""
            for name, weight in _weights(piece.submission):
                output.line(f"{size(weight):>8}  {label}{one_line(name)}")
        output.note(self._summary())
        for effect in self.effects:
            for line in effect.lines(self.session.now, in_utc=self.session.times.in_utc):
                output.note(one_line(line))

    def _summary(self) -> str:
        jobs = sum(piece.jobs for piece in self.pieces)
        files = sum(len(piece.submission.files) for piece in self.pieces)
        weight = size(sum(piece.size_bytes for piece in self.pieces))
        whose = ", ".join(f"user {e.usage.user_id} to {e.service.name}" for e in self.effects)
        before = f"; {self.known} submitted before" if self.known else ""
        return (
            f"Would submit {jobs} job{'s' * (jobs != 1)}{' of ' * bool(whose)}{whose}: "
            f"{files} file{'s' * (files != 1)}, {weight}{before}"
        )

    def _document(self) -> dict[str, object]:
        return {
            "schema": "joborch.plan/1",
            "jobs": sum(piece.jobs for piece in self.pieces),
            "size_bytes": sum(piece.size_bytes for piece in self.pieces),
            "submitted_before": self.known,
            "submissions": [_shown(piece) for piece in self.pieces],
            "effects": [effect.document() for effect in self.effects],
        }


async def rehearse(
    session: Session, orchestrator: Orchestrator, filled: Sequence[Filled], ledger: Ledger
) -> Rehearsal:
    """Check everything as if it was to be sent, and ask the server what it would meet.

    Raises:
        ChangedError: if items of the ledger are not any more what was submitted.
    """
    ready_pieces = await ready(session, orchestrator, filled)
    pieces = _not_submitted(ready_pieces, ledger)
    jobs: Counter[tuple[str, str]] = Counter()
    free: Counter[tuple[str, str]] = Counter()
    for piece in pieces:
        whose = (piece.submission.service, piece.submission.user_id)
        jobs[whose] += piece.jobs
        free[whose] += _free(piece, session)
    services = {service.name: service for service in (await orchestrator.services()).items}
    effects: list[Effect] = []
    for (service, user_id), number in jobs.items():
        theirs = _of(pieces, service, user_id)
        usage = await _usage(orchestrator, services[service], user_id)
        effect = Effect(
            service=services[service],
            usage=usage,
            jobs=number,
            free=free[service, user_id],
            ahead=await _ahead(session, orchestrator, usage, max(map(_priority, theirs))),
            start=await _start(orchestrator, theirs, usage, number),
        )
        effects.append(effect)
    return Rehearsal(
        pieces=pieces, effects=effects, known=len(ready_pieces) - len(pieces), session=session
    )


def _not_submitted(pieces: Sequence[Piece], ledger: Ledger) -> list[Piece]:
    left: list[Piece] = []
    changed: dict[str, ChangedError] = {}
    for piece in pieces:
        if ledger.job_id(piece.label) is None:
            left.append(piece)
            continue
        try:
            ledger.known(piece.label, piece.submission, piece.submission.digest())
        except ChangedError as error:
            changed[piece.label] = error
    if changed:
        first = next(iter(changed.values()))
        told = [f"{label}: {error.message}" for label, error in changed.items()]
        more = [f"and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
        first.details["why"] = "; ".join([*told[:MOST_TOLD], *more])
        raise first
    return left


def _free(piece: Piece, session: Session) -> int:
    submission = piece.submission
    awaits = submission.after or submission.after_any
    if submission.is_held or awaits or (submission.begin and submission.begin > session.now):
        return 0
    at_once = parse_array(submission.array).at_once if submission.array else None
    return min(piece.jobs, at_once or piece.jobs)


async def _usage(orchestrator: Orchestrator, service: ServiceView, user_id: str) -> UsageView:
    found = (await orchestrator.usage(user=user_id, service=service.name)).items
    nothing = UsageView(
        user_id=user_id, service=service.name, active=0, queued=0, limit=service.per_user
    )
    return found[0] if found else nothing


async def _ahead(
    session: Session, orchestrator: Orchestrator, usage: UsageView, priority: int
) -> int:
    """Count the user's jobs that a new one would stand behind, as far as there is room for them."""
    room, found = usage.limit - usage.active, 0
    before = f"state:queued !state:held prio>={priority}"
    query = JobQuery(user=usage.user_id, service=usage.service, q=before)
    async with aclosing(orchestrator.iter_jobs(query)) as jobs:
        while found < room and (job := await anext(jobs, None)):
            is_put_off = job.not_before is not None and job.not_before > session.now
            found += not (is_put_off or job.after)
    return found


async def _start(
    orchestrator: Orchestrator, theirs: Sequence[Submission], usage: UsageView, jobs: int
) -> StartEstimate | None:
    """Ask when they would start: those of several priorities as if all had the lowest."""
    try:
        found = await orchestrator.estimate(
            service=usage.service,
            user=usage.user_id,
            jobs=jobs,
            priority=min(map(_priority, theirs)),
        )
    except (NotFoundError, ServerBrokenError):
        return None  # an older server
    if any(one.array and parse_array(one.array).at_once for one in theirs):
        found.last = None  # what limits itself comes to its end in a time of its own
    return found


def _of(pieces: Sequence[Piece], service: str, user_id: str) -> list[Submission]:
    submissions = [piece.submission for piece in pieces]
    return [one for one in submissions if (one.service, one.user_id) == (service, user_id)]


def _priority(submission: Submission) -> int:
    return DEFAULT_PRIORITY if submission.priority is None else submission.priority


def _weights(submission: Submission) -> list[tuple[str, int]]:
    return [(name, _weight(content)) for name, content in submission.files.items()]


def _weight(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _shown(piece: Piece) -> dict[str, object]:
    submission = piece.submission
    return {
        "item": piece.label,
        "service": submission.service,
        "user_id": submission.user_id,
        "name": submission.name,
        "begin": iso(submission.begin),
        "after": [*submission.after],
        "after_any": [*submission.after_any],
        "env": submission.env,
        "tags": submission.tags,
        "jobs": piece.jobs,
        "files": [{"name": name, "size_bytes": w} for name, w in _weights(submission)],
    }
