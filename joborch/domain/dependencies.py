"""What a job may wait for: that other jobs complete, or that they end at all.

The jobs of a submission wait for the same others, behind one gate. It opens when all of them have
ended as they were to; when one ends otherwise it breaks, and the jobs behind it are cancelled.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from joborch.domain.selectors import Ids, parse_selector, spelt
from joborch.domain.states import JobState

MOST_MEMBERS = 10_000
"""So many jobs may a submission wait for."""
MOST_NAMED = 10
"""So many of the jobs that one waits for are told; how many they are is told of all."""
LONGEST_TOLD = 200


class EndKind(StrEnum):
    """Which end of a job lets others start."""

    COMPLETED = "completed"
    ENDED = "ended"
    """However it ends."""

    def is_met_by(self, state: JobState) -> bool:
        """Whether a job that has ended in this state lets those start that wait for it."""
        return self is EndKind.ENDED or state is JobState.COMPLETED


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The jobs that a submission is to wait for, by their ids."""

    completed: tuple[int, ...] = ()
    """Until each of these has completed."""
    ended: tuple[int, ...] = ()
    """Until each of these has ended, however."""

    def __bool__(self) -> bool:
        """Whether there is anything to wait for."""
        return bool(self.completed or self.ended)

    @property
    def members(self) -> dict[int, EndKind]:
        """Each job and the end of it that is waited for; of two the stricter."""
        ended = dict.fromkeys(self.ended, EndKind.ENDED)
        return ended | dict.fromkeys(self.completed, EndKind.COMPLETED)

    @property
    def digest(self) -> str:
        """Return the same for the same jobs and ends, in whatever order they were named."""
        text = ",".join(f"{job_id}:{kind}" for job_id, kind in sorted(self.members.items()))
        return hashlib.sha256(text.encode()).hexdigest()

    def told(self) -> dict[str, str]:
        """Say in a job's history what it waits for, long lists shortened."""
        said = {"after": self.completed, "after_any": self.ended}
        return {name: _shortened(spelt(sorted(ids))) for name, ids in said.items() if ids}


@dataclass(frozen=True, slots=True)
class Waited:
    """The jobs that one waits for now."""

    ids: tuple[int, ...] = ()
    """The first of them, no more than ``MOST_NAMED``."""
    count: int = 0
    """All of them."""


def parse_ids(text: str) -> tuple[int, ...]:
    """Read ``7,40-60``.

    Raises:
        ValueError: it names no jobs, or more than ``MOST_MEMBERS``.
    """
    selector = parse_selector(text)
    if not isinstance(selector, Ids):
        raise ValueError(f"{text[:40]!r} is not ids like 7,40-60")  # noqa: TRY004 - of a text
    if len(selector.ids) > MOST_MEMBERS:
        raise ValueError(f"{len(selector.ids)} jobs, more than the {MOST_MEMBERS} one may wait for")
    return selector.ids


def fate(job_id: int, state: JobState) -> str:
    """Say why a job was cancelled that waited for the success of one that ended in ``state``."""
    return f"dependency {job_id} {state.value.replace('_', ' ')}"


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_TOLD:
        return text
    return f"{text[:LONGEST_TOLD].rpartition(',')[0]},…"
