"""What came of each of many submissions, and how it is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from joborch.cli.exits import PartialError
from joborch.cli.output import Output
from joborch.cli.pieces import Piece
from joborch.cli.tables import Column
from joborch.cli.times import size
from joborch.domain.errors import JoborchError
from joborch.domain.selectors import spelt
from joborch.domain.text import one_line

MOST_TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An item that became a job."""

    item: str
    id: int
    state: str | None
    """None: it is known from the ledger, and was not asked for."""
    duplicate: bool
    """Whether it was submitted before."""


@dataclass(slots=True)
class Tally:
    """The pieces, and what is known of each."""

    pieces: Sequence[Piece] = ()
    sent: dict[str, Sent] = field(default_factory=dict)
    failed: dict[str, JoborchError] = field(default_factory=dict)

    @property
    def in_order(self) -> list[Sent]:
        """The jobs, in the order of their items."""
        return [self.sent[piece.label] for piece in self.pieces if piece.label in self.sent]

    @property
    def ids(self) -> list[int]:
        """The jobs' ids, in the order of their items."""
        return [sent.id for sent in self.in_order]

    @property
    def is_complete(self) -> bool:
        """Whether every item became a job, and nothing else went wrong."""
        return len(self.sent) == len(self.pieces) and not self.failed

    @property
    def so_far(self) -> str:
        """``submitted 120 of 250``."""
        return f"submitted {len(self.sent)} of {len(self.pieces)}"

    def tell(self, output: Output, *, is_table: bool) -> None:
        """Print the jobs in the form that was asked for."""
        jobs = self.in_order
        if output.form == "json":
            output.document(self._document())
        elif is_table or output.form == "ndjson":
            output.table(COLUMNS, jobs, document=None, ids=lambda sent: sent.id)
        elif output.is_for_programs:
            for sent in jobs:
                output.line(str(sent.id))
        elif jobs:
            output.line(one_line(self._sentence()))

    def error(self, advice: str | None) -> JoborchError:
        """Return what to raise when it is not complete."""
        reasons: dict[str, list[str]] = {}
        for label, error in self.failed.items():
            reasons.setdefault(error.message, []).append(label)
        told = [_reason(text, labels) for text, labels in reasons.items()][:MOST_TOLD]
        missing = len(self.pieces) - len(self.sent)
        if not self.sent or not missing:
            first = next(iter(self.failed.values()))
            first.details.setdefault("why", "; ".join(told))
            return first
        return PartialError(
            f"{missing} of {len(self.pieces)} were not submitted",
            hint=advice,
            why="; ".join(told),
            failed=[{"item": k, "code": e.code, "message": e.message} for k, e in self._failures],
            not_sent=self._not_sent,
        )

    @property
    def _failures(self) -> list[tuple[str, JoborchError]]:
        return list(self.failed.items())

    @property
    def _not_sent(self) -> list[str]:
        known = self.sent.keys() | self.failed.keys()
        return [piece.label for piece in self.pieces if piece.label not in known]

    def _document(self) -> dict[str, object]:
        return {
            "schema": "joborch.submit/1",
            "batch": None,
            "jobs": self.in_order,
            "failed": [
                {"item": k, "code": e.code, "message": e.message} for k, e in self._failures
            ],
            "not_sent": self._not_sent,
        }

    def _sentence(self) -> str:
        new = [piece for piece in self.pieces if self._is_new(piece)]
        before = len(self.sent) - len(new)
        ids = sorted(self.sent[piece.label].id for piece in new)
        if not new:
            return f"Already submitted: {_jobs(sorted(self.ids))}"
        services = ", ".join(sorted({piece.submission.service for piece in new}))
        files = sum(len(piece.submission.files) for piece in new)
        weight = size(sum(piece.size_bytes for piece in new))
        rest = f"; {before} submitted before" if before else ""
        many = f"{files} file{'s' * (files != 1)}"
        return f"Submitted {_jobs(ids)} to {services} ({many}, {weight}){rest}"

    def _is_new(self, piece: Piece) -> bool:
        return piece.label in self.sent and not self.sent[piece.label].duplicate


COLUMNS: list[Column[Sent]] = [
    Column(name="id", head="ID", text=lambda s: str(s.id), raw=lambda s: s.id, is_right=True),
    Column(name="item", head="ITEM", text=lambda s: s.item, raw=lambda s: s.item),
    Column(name="state", head="STATE", text=lambda s: s.state or "", raw=lambda s: s.state),
    Column(
        name="duplicate",
        head="DUPLICATE",
        text=lambda s: "yes" if s.duplicate else "",
        raw=lambda s: s.duplicate,
    ),
]


def _jobs(ids: list[int]) -> str:
    return f"job {ids[0]}" if len(ids) == 1 else f"{len(ids)} jobs {spelt(ids)}"


def _reason(text: str, labels: list[str]) -> str:
    more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
    return f"{labels[0]}{more}: {text}"
