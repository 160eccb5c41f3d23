"""The server's directory as an auditor sees it, and what is fair to say while a server uses it.

Rows are read before the directory that they tell of, one directory at a time: memory stays
bounded and no snapshot of the database is held while archives are hashed.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from joborch.domain.invariants import Finding, Invariant
from joborch.server.audit.ledger import Ledger

YOUNG_S = 60.0
"""A file may come this long before its row; only a running server is given this time."""
SETTLES_S = 1.0
"""After this, a running server has recorded what it has removed."""
AT_START = "nothing to do: the server removes it at its next start"
AT_WORK = "nothing to do: the server had begun to remove it, and goes on when it runs"
LEFT_BEHIND = "the server removes it at its next start; report it, nothing should leave it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Something that is wrong with a file, unless its row has just been about to change."""

    finding: Finding
    still_recorded: str
    """A statement that finds the row of ``key`` if the file is still to be there."""
    key: str | int


def _settle() -> None:
    time.sleep(SETTLES_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The directory ``data``; ``is_served`` if a server runs, and is making and removing files."""

    data: Path
    is_served: bool = False
    young_s: float = YOUNG_S
    settle: Callable[[], None] = _settle
    cut_off: int = 0
    """Results of jobs that ended before this, in microseconds since 1970, are due for removal."""

    def entries(self, room: str) -> list[Path]:
        """Return what is in a directory, sorted; nothing if there is none."""
        try:
            return sorted((self.data / room).iterdir())
        except FileNotFoundError:
            return []

    def left_half_way(self, ledger: Ledger) -> Iterator[Finding]:
        """I10: what an earlier process did not finish; of a running one nothing can be said."""
        if self.is_served:
            return
        rows = ledger.execute("SELECT id, attempt FROM jobs WHERE finished_at IS NULL")
        expected = {f"{job_id}-{attempt}" for job_id, attempt in rows}
        arrived = [path for path in self.entries("incoming") if path.name not in expected]
        for path in [*self.entries("staging"), *arrived, *self.entries("trash")]:
            yield self._unneeded(f"{path.parent.name}: {path.name} is left")

    def strays(self, found: Iterable[Path], wanted: set[str]) -> Iterator[Finding]:
        """I10: files that no row names, but for those whose rows may be on their way."""
        for path in found:
            if path.name not in wanted and not self._may_be_new(path):
                room = path.parent.parent.name
                yield self._unneeded(f"{room}: {path.name} belongs to nobody")

    def confirmed(self, ledger: Ledger, suspects: list[Suspect]) -> Iterator[Finding]:
        """Return what is wrong also on a second look at the rows."""
        if suspects and self.is_served:
            self.settle()
        for suspect in suspects:
            if ledger.execute(suspect.still_recorded, (suspect.key,)).fetchone():
                yield suspect.finding

    def _may_be_new(self, path: Path) -> bool:
        if not self.is_served:
            return False
        try:
            return path.stat().st_ctime > time.time() - self.young_s
        except FileNotFoundError:
            return True

    def _unneeded(self, message: str) -> Finding:
        """No violation before the next start has swept; with a server running, it did not."""
        return Finding(
            invariant=Invariant.I10,
            message=message,
            remedy=LEFT_BEHIND if self.is_served else AT_START,
            is_note=not self.is_served,
        )


Progress = Callable[[int, int], None]
"""Is told how many bytes of how many have been hashed."""
