"""One job in detail."""

from dataclasses import replace
from itertools import chain
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Mount
from textual.widgets import Static

from joborch.domain.errors import JoborchError, NotFoundError
from joborch.domain.text import one_line
from joborch.tui.commands import JOB, bindings
from joborch.tui.desk import Desk
from joborch.tui.formatting import job_name
from joborch.tui.job_facts import LABEL, Facts, learn, lines_of
from joborch.tui.messages import FactsCame, Refused
from joborch.tui.news import News
from joborch.tui.picture import is_same
from joborch.tui.screens.at_hand import JobsAtHand
from joborch.tui.widgets.lines import Lines, hanging

GONE = "job {} is not there any more: the server has another database"


class JobScreen(JobsAtHand):
    """Facts, why it waits, history and files; kept up to date."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(JOB)]

    def __init__(self, desk: Desk, job_id: int) -> None:
        super().__init__(desk)
        self.job_id = job_id
        self._facts: Facts | None = None
        self._is_gone = False
        """Whether the server has no such job any more, or another one of this id."""

    def content(self) -> ComposeResult:
        """Return the facts, which may be long."""
        yield Lines(id="tally")
        with VerticalScroll(id="facts"):
            yield Static("asking for it …" if self._is_unicode else "asking for it", id="text")

    @on(Mount)
    def begin(self) -> None:
        """Ask for everything about the job."""
        self.query_one("#facts").focus()
        self._ask()

    def show_news(self, news: News) -> None:
        """Ask again if the job has changed."""
        if news.is_all or news.is_back or self.job_id in news.jobs:
            self._ask()
        self._show()

    def selected_id(self) -> int | None:
        """Return the job, if it is there."""
        return None if self._is_gone else self.job_id

    def say_none(self) -> None:
        """Say why nothing can be done."""
        self.notify(GONE.format(self.job_id), severity="warning")

    def action_scroll(self, by: int) -> None:
        """Show what is further down."""
        self.query_one("#facts").scroll_relative(y=by, animate=False)

    @on(FactsCame)
    def take_facts(self, message: FactsCame) -> None:
        """Show what the server said, unless it is of another job."""
        before = self._facts
        if before and not is_same(before.job, message.facts.job):
            self._lose()
        elif not self._is_gone:
            self._facts = message.facts
            self._show()

    def _lose(self) -> None:
        self._facts, self._is_gone = None, True
        self._show()
        self.query_one("#text", Static).update(GONE.format(self.job_id))

    @on(Refused)
    def take_refusal(self, message: Refused) -> None:
        """Say why there is nothing to show."""
        message.stop()
        if self._facts is None:
            self.query_one("#text", Static).update(Content(message.text))

    @property
    def _is_unicode(self) -> bool:
        return self.desk.look.glyphs.more == "…"

    def _ask(self) -> None:
        if self.desk.picture.is_connected and not self._is_gone:
            self._learn()

    @work(group="facts", exclusive=True, exit_on_error=False)
    async def _learn(self) -> None:
        try:
            facts = await learn(self.desk.source, self.job_id)
        except NotFoundError as error:
            if self._facts:
                self._lose()
            else:
                self.post_message(Refused(one_line(error.message)))
        except JoborchError as error:
            self.post_message(Refused(one_line(error.message)))
        else:
            self.post_message(FactsCame(facts))

    def _show(self) -> None:
        job = self._facts.job if self._facts else self.desk.picture.jobs.get(self.job_id)
        name = job_name(job) if job and not self._is_gone else ""
        now = "  as it is now, not as it was then" if self.desk.picture.is_past else ""
        self.query_one("#tally", Lines).show([(f" job {self.job_id}  {name}", "bold"), now])
        if self._facts:
            self.query_one("#text", Static).update(self._text_of(self._facts))

    def _text_of(self, facts: Facts) -> Content:
        # It is of now also in a pause, and of the last moment known while nobody answers.
        at = self.desk.picture.latest(self.desk.clock())
        width = self.query_one("#text").content_size.width
        shown = lines_of(facts, replace(self.desk.look, now=lambda: at))
        folded = (hanging(Content.assemble(*parts), width, LABEL) for parts in shown)
        return Content("\n").join(chain.from_iterable(folded))
