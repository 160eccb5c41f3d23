"""Jobs put together by what they have in common, each group below a heading that can be folded.

Knows no widget.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from joborch.domain.text import one_line
from joborch.tui.desk import Desk
from joborch.tui.formatting import count
from joborch.tui.picture import counted_as
from joborch.tui.whereabouts import in_common_of_many
from joborch.wire.jobs import JobView

NOTHING = "nothing"
GROUPINGS = (NOTHING, "batch", "user", "service", "reason")
_NAMELESS = {"batch": "no batch", "reason": "not known"}
"""What the group is called of those that have nothing of the kind; it comes last."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The line above a group, known by what the group has in common."""

    by: str
    name: str


Line = int | Heading
"""What is in a line of the list: a job, by its id, or a heading."""


class Groups:
    """Which jobs are below which heading, and which of them are folded."""

    def __init__(self, desk: Desk) -> None:
        """Put nothing together."""
        self.by = NOTHING
        self._desk = desk
        self._folded: set[Heading] = set()
        self._members: dict[Heading, list[int]] = {}
        self._tallies: dict[Heading, Counter[str]] = {}

    @property
    def are_there(self) -> bool:
        """Whether anything is put together."""
        return self.by != NOTHING

    def next_kind(self) -> None:
        """Put together what has the next thing in common."""
        self.by = GROUPINGS[(GROUPINGS.index(self.by) + 1) % len(GROUPINGS)]

    def arranged(self, job_ids: list[int]) -> Sequence[Line]:
        """Return these jobs below their headings, each group in the order that they have here."""
        self._members, self._tallies = {}, {}
        if not self.are_there:
            return job_ids
        jobs, name_of = self._desk.picture.jobs, self._name_of()
        found: dict[str, list[int]] = {}
        for job_id in job_ids:
            found.setdefault(name_of(jobs[job_id]), []).append(job_id)
        lines: list[Line] = []
        for name in sorted(found, key=lambda name: (not name, name)):
            heading = Heading(self.by, name)
            self._members[heading] = found[name]
            lines.append(heading)
            if heading not in self._folded:
                lines += found[name]
        return lines

    def members(self, heading: Heading) -> Sequence[int]:
        """Return the jobs below a heading, also when it is folded."""
        return self._members.get(heading, ())

    def fold_over(self, job_id: int) -> Heading | None:
        """Return the heading below which a job is folded away; None if it is not."""
        folded = (one for one in self._members if one in self._folded)
        return next((one for one in folded if job_id in self._members[one]), None)

    def is_folded(self, heading: Heading) -> bool:
        """Whether the jobs below it are not listed."""
        return heading in self._folded

    def fold(self, heading: Heading) -> None:
        """Fold a group, or list its jobs again."""
        self._folded ^= {heading}

    def fold_all(self) -> None:
        """Fold all groups that there are; or none, if all are."""
        headings = self._members.keys()
        if headings <= self._folded:
            self._folded -= headings
        else:
            self._folded |= headings

    def touched(self, job_ids: frozenset[Line]) -> frozenset[Line]:
        """Count anew the groups that have any of these jobs; return their headings."""
        touched = frozenset(
            heading
            for heading in self._tallies
            if not job_ids.isdisjoint(self._members.get(heading, ()))
        )
        for heading in touched:
            del self._tallies[heading]
        return touched

    def said(self, heading: Heading, marks: Collection[Line]) -> list[tuple[str, str]]:
        """Say how many jobs are listed there, in which states; each text with its tone."""
        glyphs, members = self._desk.look.glyphs, self.members(heading)
        sign = glyphs.folded if self.is_folded(heading) else glyphs.down
        name = one_line(heading.name) or _NAMELESS.get(heading.by, "")
        # Of a batch other jobs may be on other pages; of anything else nobody expects a whole.
        noun = "listed" if heading.by == "batch" else "job" if len(members) == 1 else "jobs"
        parts = [(f"{sign} {name} {glyphs.dot} {count(len(members))} {noun}", "")]
        tally = self._tally(heading)
        parts += [(f"  {glyphs.marks[one]} {count(tally[one])}", one) for one in _in_order(tally)]
        marked = sum(map(marks.__contains__, members)) if marks else 0
        return [*parts, (f"  {count(marked)} marked", "")] if marked else parts

    def _tally(self, heading: Heading) -> Counter[str]:
        if (known := self._tallies.get(heading)) is not None:
            return known
        jobs: Mapping[int, JobView] = self._desk.picture.jobs
        there = (jobs[job_id] for job_id in self.members(heading) if job_id in jobs)
        tally = self._tallies[heading] = Counter(map(counted_as, there))
        return tally

    def _name_of(self) -> Callable[[JobView], str]:
        match self.by:
            case "batch":
                return lambda job: job.batch or ""
            case "user":
                return lambda job: job.user_id
            case "service":
                return lambda job: job.service
            case _:
                return in_common_of_many(self._desk.picture)


def _in_order(tally: Counter[str]) -> list[str]:
    """Return the states in the order of the list: what runs, what waits, what has ended."""
    first = ["running", "assigned", "queued", "held"]
    return [one for one in (*first, *sorted(tally.keys() - {*first})) if tally[one]]
