"""From what was asked for to what is sent, for many submissions at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from joborch.cli.awaiting import Awaiting
from joborch.cli.items import Item
from joborch.cli.mistakes import Mistakes
from joborch.cli.session import Session
from joborch.cli.template import Filled, Template
from joborch.cli.wishes import check_body, check_size, only_service, submission_of, with_command
from joborch.client import Orchestrator, Submission
from joborch.domain.arrays import parse_array
from joborch.domain.errors import UnknownServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One submission, ready to be sent."""

    label: str
    submission: Submission
    size_bytes: int
    """Of its files."""

    @property
    def jobs(self) -> int:
        """How many it makes."""
        array = self.submission.array
        return len(parse_array(array).indices) if array else 1


def fill_in(template: Template, items: Sequence[Item]) -> list[Filled]:
    """Fill a template in for each item; ``UsageError`` tells all that is wrong with any."""
    shared = template.shared()
    mistakes = Mistakes(len(items))
    filled: list[Filled] = []
    for item in items:
        with mistakes.of(item.label):
            filled.append(shared.filled(item))
    mistakes.refuse()
    return filled


async def ready(
    session: Session, orchestrator: Orchestrator, filled: Sequence[Filled]
) -> list[Piece]:
    """Check everything against the server's limits; nothing is sent.

    Raises:
        UsageError: telling all that is wrong with any of them.
        TooLargeError: if that is all that is wrong.
        UnknownServiceError: if the server does not have a service.
    """
    meta = await orchestrator.meta()
    awaiting = Awaiting(session, orchestrator)
    mistakes = Mistakes(len(filled))
    pieces: list[Piece] = []
    for each in filled:
        with mistakes.of(each.label):
            service = each.wishes.service or session.settings.service or only_service(meta)
            check_size(each.staged, meta)
            awaited = await awaiting.named_in(each.wishes)
            submission = submission_of(session, each.wishes, each.staged, service, awaited)
            check_body(submission)
            size = each.staged.size_bytes
            pieces.append(Piece(label=each.label, submission=submission, size_bytes=size))
    mistakes.refuse()
    for name in {piece.submission.service for piece in pieces} - set(meta.services):
        raise with_command(UnknownServiceError(name, tuple(meta.services)))
    return pieces
