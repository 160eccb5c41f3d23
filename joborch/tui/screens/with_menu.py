"""The menu of what can be done with the selected job, or with the marked ones that it is among."""

from functools import partial

from textual import on

from joborch.tui.deeds import DEEDS
from joborch.tui.dialogs.menu import MenuDialog
from joborch.tui.job_menu import JobMenu
from joborch.tui.messages import DeedWanted, JobWanted, LogWanted, MenuWanted, PriorityWanted
from joborch.tui.screens.at_hand import JobsAtHand
from joborch.tui.widgets.job_table import JobTable


class JobsWithMenu(JobsAtHand):
    """A screen with a table of jobs."""

    @property
    def table(self) -> JobTable:
        """The table."""
        return self.query_one(JobTable)

    @on(MenuWanted)
    def open_menu(self, message: MenuWanted) -> None:
        """Open the menu; what is chosen there is done to the jobs that were at hand now."""
        selected = self.desk.picture.jobs.get(self.selected_id() or 0)
        if selected is None:
            self.say_none()
            return
        known, marks = self.desk.picture.jobs, self.table.marks
        ids = sorted(i for i in marks if isinstance(i, int)) if selected.id in marks else []
        menu = JobMenu(
            selected=selected,
            jobs=[known[job_id] for job_id in ids if job_id in known] or [selected],
            is_chosen=bool(ids) or self.table.has_chosen,
        )
        dialog = MenuDialog(
            menu.title,
            [*menu.entries(self.desk.picture, self.desk.look)],
            at=message.at,
            guard_s=self.desk.look.guard_s,
        )
        self.app.push_screen(dialog, partial(self._do_chosen, menu))

    def _do_chosen(self, menu: JobMenu, command_id: str | None) -> None:
        job_ids, one = menu.still_there(self.desk.picture), menu.selected.id
        if command_id and one in job_ids:
            self._do_to(one, job_ids, command_id, is_chosen=menu.is_chosen)
        elif command_id:
            self.notify(f"job {one} is not there any more: nothing was done", severity="warning")

    def _do_to(self, one: int, job_ids: list[int], command_id: str, *, is_chosen: bool) -> None:
        match command_id.partition(".")[2]:
            case "open":
                self.post_message(JobWanted(one))
            case "log":
                self.post_message(LogWanted(one))
            case "explain":
                self.explain(one)
            case "mark":
                self.table.toggle(job_ids)
            case "copy":
                self.copy(job_ids)
            case "priority":
                self.post_message(PriorityWanted(job_ids, is_chosen=is_chosen))
            case verb:
                self.post_message(DeedWanted(DEEDS[verb], job_ids, is_chosen=is_chosen))
