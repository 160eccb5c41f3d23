"""What can be done from every screen that has jobs at hand, be it a list or one job."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType

from joborch.client.repeating import repeat_of
from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui.commands import AT_HAND, bindings
from joborch.tui.deeds import DEEDS, nudge
from joborch.tui.dialogs.text import TextDialog
from joborch.tui.dialogs.why import WhyDialog
from joborch.tui.job_facts import document_of
from joborch.tui.messages import (
    DeedWanted,
    FetchWanted,
    LogWanted,
    PriorityWanted,
    Refused,
    RepeatKnown,
)
from joborch.tui.screens.site import SiteScreen


class JobsAtHand(SiteScreen):
    """A screen with one selected job, or none, and perhaps several marked ones."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(AT_HAND)]

    def selected_id(self) -> int | None:
        """Return the job that is selected."""
        raise NotImplementedError

    def chosen_ids(self) -> Sequence[int]:
        """Return the jobs that a deed is about: the marked ones, or else the selected one."""
        selected = self.selected_id()
        return [] if selected is None else [selected]

    @property
    def has_chosen(self) -> bool:
        """Whether a person has chosen these, and not only found the selection on one of them."""
        return True

    def action_do(self, deed: str) -> None:
        """Do something to the marked jobs, or to the selected one: these and no others."""
        if wanted := self.chosen_ids():
            self.post_message(DeedWanted(DEEDS[deed], wanted, is_chosen=self.has_chosen))

    def action_nudge(self, by: int) -> None:
        """Raise or lower the priority."""
        if wanted := self.chosen_ids():
            self.post_message(DeedWanted(nudge(by), wanted, is_chosen=self.has_chosen))

    def action_priority(self) -> None:
        """Type a priority."""
        if wanted := self.chosen_ids():
            self.post_message(PriorityWanted(wanted, is_chosen=self.has_chosen))

    def action_fetch(self) -> None:
        """Bring the results here, which is not where a browser is."""
        if self.app.is_web:
            self.notify("not from a browser: files would be written at its server")
        elif wanted := self.chosen_ids():
            self.post_message(FetchWanted(wanted))

    def action_log(self) -> None:
        """Show what the selected job writes."""
        if (selected := self.selected_id()) is not None:
            self.post_message(LogWanted(selected))

    def action_copy(self) -> None:
        """Put the ids into the clipboard."""
        if wanted := self.chosen_ids():
            self._copy(" ".join(map(str, wanted)))

    def action_explain(self) -> None:
        """Show why the selected job waits."""
        if (selected := self.selected_id()) is not None:
            self.app.push_screen(WhyDialog(self.desk.source, selected))

    def action_repeat(self) -> None:
        """Put the command that submits the selected job again into the clipboard."""
        if (selected := self.selected_id()) is not None:
            self._learn_repeat(selected)

    def action_document(self) -> None:
        """Show the selected job as JSON."""
        job = self.desk.picture.jobs.get(self.selected_id() or 0)
        if job is not None:
            self.app.push_screen(TextDialog(f"Job {job.id}", document_of(job).splitlines()))

    @on(RepeatKnown)
    def copy_repeat(self, message: RepeatKnown) -> None:
        """Copy the command."""
        self._copy(message.command)

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(f"copied {text}", markup=False)

    @work(group="popup", exclusive=True, exit_on_error=False)
    async def _learn_repeat(self, job_id: int) -> None:
        source = self.desk.source
        try:
            job, files = await source.job(job_id), await source.files(job_id)
            repeat = await repeat_of(source, job, files)
        except JoborchError as error:
            self.app.post_message(Refused(one_line(error.message)))
        else:
            self.post_message(RepeatKnown(repeat.line))
