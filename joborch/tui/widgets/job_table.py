"""The table of jobs: marks, headings of groups, and which columns a person wants."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Offset
from textual.strip import Strip

from joborch.tui.columns import Column, chosen
from joborch.tui.commands import MARKS, bindings
from joborch.tui.desk import Desk
from joborch.tui.groups import Groups, Heading, Line
from joborch.tui.layout import LEAD
from joborch.tui.messages import Marked, MenuWanted
from joborch.tui.tables import job_columns
from joborch.tui.widgets.line_table import LineTable
from joborch.wire.jobs import JobView


class JobTable(LineTable[Line, JobView]):
    """Rows are jobs, known by their ids, and headings of groups where there are some."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(MARKS)]

    def __init__(self, desk: Desk, groups: Groups) -> None:
        """Show nothing yet."""
        every = job_columns(desk.picture, desk.look)
        shown = chosen(every, desk.look.columns)
        self._all: Sequence[Column[JobView]] = [*shown, *(c for c in every if c not in shown)]
        jobs = desk.picture.jobs
        super().__init__(
            shown,
            lambda key: jobs.get(key) if isinstance(key, int) else None,
            glyphs=desk.look.glyphs,
        )
        self._groups = groups
        self._desk = desk
        self._last_mark: int | None = None
        self._chosen: Line | None = None

    @property
    def has_chosen(self) -> bool:
        """Whether a person has put the selection on this job, or it came to be there."""
        return self.is_chosen and self.cursor == self._chosen

    @property
    def in_sight(self) -> list[int]:
        """The jobs that are on the screen."""
        return _jobs(self._in_sight())

    @property
    def listed(self) -> list[JobView]:
        """The jobs of all lines, in their order."""
        return [job for job in map(self._row, self.order) if job]

    @property
    def titles(self) -> dict[str, str]:
        """All columns that there are: what each is called, by its name."""
        return {column.name: column.title for column in self._all}

    @property
    def shown(self) -> list[str]:
        """The columns that are shown where there is room."""
        return [column.name for column in self._layout.columns]

    def choose(self, names: Sequence[str]) -> None:
        """Show these columns, in this order."""
        self._layout.columns = chosen(self._all, names)
        self._all = [*self._layout.columns, *(one for one in self._all if one.name not in names)]
        self._lay_out()
        self.refresh()

    def show(self, order: Sequence[Line]) -> None:
        """Show these rows; if the selected one has been folded away, its heading is selected."""
        cursor = self.cursor
        if isinstance(cursor, int) and (heading := self._groups.fold_over(cursor)):
            self._select(heading)
        super().show(order)

    def update(self, keys: frozenset[Line]) -> None:
        """Draw these rows again, and the headings that count them."""
        super().update(keys | self._groups.touched(keys))

    def mark(self, keys: Sequence[Line]) -> None:
        """Mark these and no others."""
        for key in [key for key in self._strips if isinstance(key, Heading)]:
            del self._strips[key]  # it says how many are marked
        super().mark(keys)

    def forget(self, job_ids: Collection[int]) -> None:
        """Neither mark nor select these: the ids may be of other jobs by now."""
        self.marks.difference_update(job_ids)
        if self._last_mark in job_ids:
            self._last_mark = None
        if self._chosen in job_ids:
            self._chosen = None
        if self.cursor in job_ids:
            self.is_chosen = False
            self.begin_at_top()

    def action_mark(self) -> None:
        """Mark the selected job, or not, and go to the next one; on a heading, all below it."""
        if isinstance(self.cursor, Heading):
            self.toggle(self._groups.members(self.cursor))
        elif self.cursor is not None:
            self._last_mark = self.cursor
            self._mark(self.marks ^ {self.cursor})
            self._go_to_next_job()

    def toggle(self, job_ids: Collection[int]) -> None:
        """Mark these too, or none of them any more if all are marked."""
        jobs = {*job_ids}
        self._mark(self.marks - jobs if jobs <= self.marks else self.marks | jobs)

    def action_menu(self) -> None:
        """Ask for the menu of what can be done."""
        self.post_message(MenuWanted(self.cursor_offset))

    def right_clicked(self, at: Offset) -> None:
        """Ask for the menu there."""
        self.post_message(MenuWanted(at))

    def action_mark_range(self) -> None:
        """Mark all from the one that was marked last to the selected one."""
        if self.cursor is None:
            return
        places = {job_id: place for place, job_id in enumerate(self.order)}
        last = self.cursor if self._last_mark not in places else self._last_mark
        first, final = sorted((places[last], places[self.cursor]))
        if isinstance(self.cursor, int):
            self._last_mark = self.cursor
        self._mark(self.marks | {*_jobs(self.order[first : final + 1])})

    def action_mark_all(self) -> None:
        """Mark all jobs that are listed, beside those that are marked already."""
        if jobs := _jobs(self.order):
            self._mark(self.marks | {*jobs})
        elif self.order:
            unfolding = self._desk.look.keymap.first("jobs.fold")
            self.notify(f"nothing to mark: all jobs are folded away; {unfolding} lists them")
        else:
            self.notify("nothing to mark: no job is listed")

    def action_unmark(self) -> None:
        """Mark none."""
        self._last_mark = None
        self._mark([])

    def _go_to_next_job(self) -> None:
        """Select the next job further down; a heading would stand for its whole group."""
        here = self._places.get(self.cursor, 0) if self.cursor is not None else 0
        further = range(here + 1, len(self.order))
        self._go(next((place for place in further if isinstance(self.order[place], int)), here))

    def _go(self, place: int) -> None:
        super()._go(place)
        self._chosen = self.cursor

    def _mark(self, job_ids: Collection[Line]) -> None:
        self.mark([*job_ids])
        self.post_message(Marked())

    def _drawn(self, key: Line) -> Strip:
        if isinstance(key, int):
            return super()._drawn(key)
        width = self._layout.width - LEAD
        said = [
            Segment(text, (self._tone_style(tone) if tone else Style()) + Style(bold=True))
            for text, tone in self._groups.said(key, self.marks)
        ]
        strip = Strip(said)
        if strip.cell_length > width:
            strip = Strip([*strip.crop(0, width - 1), Segment(self._glyphs.more)])
        return strip.adjust_cell_length(width)


def _jobs(lines: Sequence[Line]) -> list[int]:
    return [line for line in lines if isinstance(line, int)]
