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
from joborch.tui.errands import noun
from joborch.tui.job_facts import document_of
from joborch.tui.messages import (
    CopyWanted,
    DeedWanted,
    FetchWanted,
    LogWanted,
    PriorityWanted,
    Refused,
    RepeatKnown,
)
from joborch.tui.screens.site import SiteScreen

FEW = 8
"""So many ids are told one by one."""


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

    def say_none(self) -> None:
        """Say why there is no job at hand, where a person might think that there is one."""

    def action_do(self, deed: str) -> None:
        """Do something to the marked jobs, or to the selected one: these and no others."""
        if wanted := self._at_hand():
            self.post_message(DeedWanted(DEEDS[deed], wanted, is_chosen=self.has_chosen))

    def action_nudge(self, by: int) -> None:
        """Raise or lower the priority."""
        if wanted := self._at_hand():
            self.post_message(DeedWanted(nudge(by), wanted, is_chosen=self.has_chosen))

    def action_priority(self) -> None:
        """Type a priority."""
        if wanted := self._at_hand():
            self.post_message(PriorityWanted(wanted, is_chosen=self.has_chosen))

    def action_fetch(self) -> None:
        """Bring the results here, which is not where a browser is."""
        if self.app.is_web:
            self.notify("not from a browser: files would be written at its server")
        elif wanted := self._at_hand():
            self.post_message(FetchWanted(wanted))

    def action_log(self) -> None:
        """Show what the selected job writes."""
        if (selected := self._selected()) is not None:
            self.post_message(LogWanted(selected))

    def action_copy(self) -> None:
        """Put the ids into the clipboard."""
        if wanted := self._at_hand():
            self.copy(wanted)

    def action_explain(self) -> None:
        """Show why the selected job waits."""
        if (selected := self._selected()) is not None:
            self.explain(selected)

    def action_repeat(self) -> None:
        """Put the command that submits the selected job again into the clipboard."""
        if (selected := self._selected()) is not None:
            self._learn_repeat(selected)

    def action_document(self) -> None:
        """Show the selected job as JSON."""
        job = self.desk.picture.jobs.get(self._selected() or 0)
        if job is not None:
            self.app.push_screen(TextDialog(f"Job {job.id}", document_of(job).splitlines()))

    def copy(self, job_ids: Sequence[int]) -> None:
        """Put the ids of these jobs into the clipboard."""
        ids = " ".join(map(str, job_ids))
        what = ids if len(job_ids) <= FEW else f"the ids of {noun(len(job_ids))}"
        self.post_message(CopyWanted(ids, what, "job.copy"))

    def explain(self, job_id: int) -> None:
        """Show why a job waits."""
        self.app.push_screen(WhyDialog(self.desk.source, job_id, now=self.desk.clock))

    @on(RepeatKnown)
    def copy_repeat(self, message: RepeatKnown) -> None:
        """Copy the command."""
        self.post_message(CopyWanted(message.command, message.command, "job.repeat"))

    def _at_hand(self) -> Sequence[int]:
        if not (wanted := self.chosen_ids()):
            self.say_none()
        return wanted

    def _selected(self) -> int | None:
        if (selected := self.selected_id()) is None:
            self.say_none()
        return selected

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
