"""Why a job waits, in the server's words; open from the key on, so that it has those after it."""

from collections.abc import Callable
from datetime import datetime

from textual import on, work
from textual.events import Mount

from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui.dialogs.text import TextDialog
from joborch.tui.formatting import time_of_day
from joborch.tui.job_facts import why
from joborch.tui.messages import Refused, WhyKnown
from joborch.tui.source import Source


class WhyDialog(TextDialog):
    """Asks the server, and shows what it says."""

    def __init__(self, source: Source, job_id: int, *, now: Callable[[], datetime]) -> None:
        super().__init__(f"Why {job_id}", ["asking the server"])
        self._source, self._job_id, self._now = source, job_id, now

    @on(Mount)
    def ask(self) -> None:
        """Ask for the reasons."""
        self._explain()

    @on(WhyKnown)
    def show_why(self, message: WhyKnown) -> None:
        """Show the reasons."""
        e = message.explanation
        at = time_of_day(self._now())  # whatever becomes of the job while it is read
        self.show(f"Why {e.job_id} {one_line(e.state)} at {at}", [*why(e)])

    @on(Refused)
    def show_refusal(self, message: Refused) -> None:
        """Say why there are none to show."""
        message.stop()
        self.show(f"Why {self._job_id}", [message.text])

    @work(exit_on_error=False)
    async def _explain(self) -> None:
        try:
            self.post_message(WhyKnown(await self._source.explain(self._job_id)))
        except JoborchError as error:
            self.post_message(Refused(one_line(error.message)))
