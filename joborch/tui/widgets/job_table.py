"""The table of jobs: marks, and which columns a person wants."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual.binding import BindingType

from joborch.tui.columns import Column, chosen
from joborch.tui.commands import MARKS, bindings
from joborch.tui.desk import Desk
from joborch.tui.messages import Marked
from joborch.tui.tables import job_columns
from joborch.tui.widgets.line_table import LineTable
from joborch.wire.jobs import JobView


class JobTable(LineTable[int, JobView]):
    """Rows are jobs, known by their ids."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(MARKS)]

    def __init__(self, desk: Desk) -> None:
        """Show nothing yet."""
        every = job_columns(desk.picture, desk.look)
        shown = chosen(every, desk.look.columns)
        self._all: Sequence[Column[JobView]] = [*shown, *(c for c in every if c not in shown)]
        super().__init__(shown, desk.picture.jobs.get, glyphs=desk.look.glyphs)
        self._last_mark: int | None = None
        self._chosen: int | None = None

    @property
    def has_chosen(self) -> bool:
        """Whether a person has put the selection on this job, or it came to be there."""
        return self.is_chosen and self.cursor == self._chosen

    @property
    def in_sight(self) -> list[int]:
        """The jobs that are on the screen."""
        return self._in_sight()

    @property
    def titles(self) -> dict[str, str]:
        """All columns that there are: what each is called, by its name."""
        return {column.name: column.title for column in self._all}

    @property
    def shown(self) -> list[str]:
        """The columns that are shown where there is room."""
        return [column.name for column in self._columns]

    def choose(self, names: Collection[str] | None) -> None:
        """Show these columns, in the order they always have, and the ids; None: as before."""
        if names is None:
            return
        self._columns = [one for one in self._all if one.name in names or one.name == "id"]
        self._lay_out()
        self.refresh()

    def forget(self, job_ids: Collection[int]) -> None:
        """Neither mark nor select these: the ids may be of other jobs by now."""
        self.marks.difference_update(job_ids)
        if self._chosen in job_ids:
            self._chosen = None
        if self.cursor in job_ids:
            self.is_chosen = False
            self.begin_at_top()

    def action_mark(self) -> None:
        """Mark the selected job, or not, and go on to the next."""
        if self.cursor is not None:
            self._last_mark = self.cursor
            self._mark(self.marks ^ {self.cursor})
            self.action_move(1)

    def action_mark_range(self) -> None:
        """Mark all from the one that was marked last to the selected one."""
        if self.cursor is None:
            return
        places = {job_id: place for place, job_id in enumerate(self.order)}
        last = self.cursor if self._last_mark not in places else self._last_mark
        first, final = sorted((places[last], places[self.cursor]))
        self._last_mark = self.cursor
        self._mark(self.marks | {*self.order[first : final + 1]})

    def action_mark_all(self) -> None:
        """Mark all jobs that pass the filter."""
        self._mark(self.order)

    def action_unmark(self) -> None:
        """Mark none."""
        self._last_mark = None
        self._mark([])

    def _go(self, place: int) -> None:
        super()._go(place)
        self._chosen = self.cursor

    def _mark(self, job_ids: Collection[int]) -> None:
        self.mark([*job_ids])
        self.post_message(Marked())
