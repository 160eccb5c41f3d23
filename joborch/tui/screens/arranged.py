"""Which jobs are listed, in which order and with which columns; the keys that say so."""

from textual import on

from joborch.domain.text import one_line
from joborch.tui.desk import Desk
from joborch.tui.dialogs.choice import ChoiceDialog
from joborch.tui.dialogs.columns import ColumnsDialog
from joborch.tui.messages import ColumnsWanted, HeadChosen
from joborch.tui.ordering import COLUMNS, Order
from joborch.tui.pace import Pace
from joborch.tui.screens.with_menu import JobsWithMenu
from joborch.tui.view import View

MANY = 5000
"""More rows than this are not sorted again at once, but after a while."""


class ArrangedJobs(JobsWithMenu):
    """A screen whose jobs are listed as a person wants them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.view = View(desk)
        self._is_arranging = False
        self._pace = Pace()

    def sort(self, order: Order) -> None:
        """Show the jobs in this order."""
        self.view.order = order
        self._arrange()

    def action_sort(self) -> None:
        """Choose a column to sort by."""

        def chosen(column: str | None) -> None:
            if column:
                self.sort(Order(column))

        self.app.push_screen(ChoiceDialog("Sort by", list(COLUMNS), self.view.order.column), chosen)

    def action_invert(self) -> None:
        """Sort the other way."""
        self.sort(self.view.order.then(self.view.order.column))

    def action_scope(self) -> None:
        """List active jobs only, those that have just ended too, or all there are."""
        self.view.next_scope()
        self._arrange()

    def action_mine(self) -> None:
        """Show my jobs only, or everybody's."""
        self.view.is_mine = not self.view.is_mine
        self._arrange()

    def action_group(self) -> None:
        """Put those together that have something in common."""
        self.view.groups.next_kind()
        self._arrange()

    def action_fold(self) -> None:
        """List the headings of all groups alone, or everything again."""
        if self.view.groups.are_there:
            self.view.groups.fold_all()
            self._arrange()
            self.select()
        else:
            key = self.desk.look.keymap.first("jobs.group")
            self.notify(f"there are no groups to fold; {key} makes some")

    def action_columns(self) -> None:
        """Choose which columns are shown, and in which order, from now on."""

        def answered(names: list[str] | None) -> None:
            if names is not None:
                self.table.choose(names)
                self.post_message(ColumnsWanted(names))

        look = self.desk.look
        path = None if self.app.is_web else look.config_file
        place = f"the choice goes to {one_line(str(path))}" if path else "it is for this session"
        dialog = ColumnsDialog(self.table.titles, self.table.shown, keymap=look.keymap, place=place)
        self.app.push_screen(dialog, answered)

    @on(HeadChosen)
    def sort_by_head(self, message: HeadChosen) -> None:
        """Sort by the column whose title was clicked."""
        self.sort(self.view.order.then(message.column))

    def _arrange_soon(self) -> None:
        if len(self.desk.picture.jobs) <= MANY:
            self._arrange()
        elif not self._is_arranging:
            self._is_arranging = True
            self.set_timer(self._pace.rest_s, self._arrange)

    def _arrange(self) -> None:
        self._is_arranging = False
        order, glyphs = self.view.order, self.desk.look.glyphs
        self.table.sorted_by = (order.column, glyphs.down if order.is_reversed else glyphs.up)
        with self._pace.measured():
            rows = self.view.rows()
            is_free = not self.table.is_chosen and self.desk.picture.pause is None
            if is_free and rows[:1] != [self.table.cursor]:
                self.table.begin_at_top()  # nobody has chosen the job that has gone from there
            self.table.show(rows)
        self._show_surroundings()

    def select(self) -> None:
        """Say more about what is under the cursor, which each such screen does its own way."""
        raise NotImplementedError

    def _show_surroundings(self) -> None:
        """Draw what is around the jobs, which each such screen has otherwise."""
        raise NotImplementedError
