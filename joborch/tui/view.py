"""Which jobs are listed, and in which order: filter, scope, mine, sorting, grouping.

Knows no widget.
"""

from collections.abc import Iterable, Sequence

from joborch.domain.states import GROUPS
from joborch.domain.text import one_line
from joborch.tui.desk import Desk
from joborch.tui.filters import Filter, everything, parse_filter
from joborch.tui.formatting import count
from joborch.tui.groups import Groups, Line
from joborch.tui.lines import NOT_KNOWN, QUIET
from joborch.tui.listing import Scope
from joborch.tui.ordering import Order
from joborch.tui.widgets.lines import Part
from joborch.wire.jobs import JobView

ACTIVE = GROUPS["active"]
SCOPES = [Scope.ACTIVE, Scope.RECENT, Scope.ALL]


class View:
    """A choice of the picture's jobs."""

    def __init__(self, desk: Desk) -> None:
        """Choose all, by state."""
        self.order = Order()
        self.is_mine = False
        self.groups = Groups(desk)
        self.passing = 0
        """How many jobs were chosen lately, whether or not they are folded away."""
        self._desk = desk
        self._filter: Filter = everything
        self._mistake = ""

    def filter_by(self, text: str) -> None:
        """Choose what passes a filter; one that cannot be read leaves the one before."""
        look = self._desk.look
        try:
            self._filter, self._mistake = parse_filter(text, me=look.user_id, now=look.now), ""
        except ValueError as error:
            self._mistake = str(error)

    def next_scope(self) -> None:
        """Have the next larger scope listed, or the smallest again."""
        feed = self._desk.feed
        feed.show(SCOPES[(SCOPES.index(feed.scope) + 1) % len(SCOPES)])

    def rows(self) -> Sequence[Line]:
        """Return the ids of the chosen jobs in their order, with headings if they are grouped."""
        job_ids = self.order.sorted(self._passing())
        self.passing = len(job_ids)
        return self.groups.arranged(job_ids)

    def said(self, *, marked: int) -> list[Part]:
        """Say what is chosen, or what is wrong with the filter."""
        if self._mistake:
            return [(f" {one_line(self._mistake)}", "$error")]
        order, dot = self.order, f" {self._desk.look.glyphs.dot} "
        picture = self._desk.picture
        known = f"{count(self.passing)} of {count(len(picture.jobs))}"
        parts = [
            f" {NOT_KNOWN if picture.is_blank else known}",
            f"{self._desk.feed.scope}{' and mine' if self.is_mine else ''}",
            f"by {order.column}{', turned round' if order.is_reversed else ''}",
        ]
        if self.groups.are_there:
            parts[-1] += f" in each {self.groups.by}"
        if marked:
            parts.append(f"{count(marked)} marked")
        return [(dot.join(parts), QUIET)]

    def invitation(self) -> str:
        """Say what to do while there are no jobs at all."""
        link = self._desk.picture.link
        if self._desk.picture.is_past:
            return "There was no job yet."
        if self._desk.picture.is_live:
            return "No jobs yet.\n\njoborch submit -s SERVICE -- echo hello"
        return f"No jobs known yet.\n\n{one_line(link.hint)}".rstrip()

    def _passing(self) -> list[JobView]:
        jobs: Iterable[JobView] = self._desk.picture.jobs.values()
        passes = self._filter
        if self._desk.feed.scope is Scope.ACTIVE:
            jobs = [job for job in jobs if job.state in ACTIVE]
        if self.is_mine:
            me = self._desk.look.user_id
            return [job for job in jobs if job.user_id == me and passes(job)]
        return [*jobs] if passes is everything else [job for job in jobs if passes(job)]
