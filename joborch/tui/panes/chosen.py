"""What is said of the selected job: in a line, and where there is room as facts and log.

These parts ask the server themselves, once the selection rests on a job.
"""

import asyncio
import math
import time
from contextlib import aclosing
from dataclasses import replace

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content

from joborch.domain.errors import JoborchError
from joborch.domain.states import JobState
from joborch.tui import lines
from joborch.tui.desk import Desk
from joborch.tui.formatting import job_name
from joborch.tui.job_brief import brief
from joborch.tui.job_facts import Facts, learn
from joborch.tui.messages import Explained, FactsCame, LogCame
from joborch.tui.news import News
from joborch.tui.widgets.lines import Lines
from joborch.tui.widgets.log_view import LogView
from joborch.tui.widgets.panels import Panel
from joborch.wire.events import LogText
from joborch.wire.jobs import Explanation, JobView

EAGER_S = 3.0
"""Between two questions why the same job waits, while others change."""
TAIL = 100
"""So many lines of a job that has ended are shown."""


class ChosenLine(Lines):
    """The selected job in one line; why it waits in the server's own words."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="selected")
        self._desk = desk
        self._job_id: int | None = None
        self._or_else = ""
        self._asked: JobView | None = None
        """As the job was when it was asked why it waits."""
        self._asked_at = -math.inf
        self._why: Explanation | None = None

    def choose(self, job_id: int | None, *, or_else: str = "") -> None:
        """Tell of this job, and ask why it waits; or else say this."""
        self._job_id, self._or_else = job_id, or_else
        self._ask()
        self.tell()

    def show_news(self, news: News) -> None:
        """Ask again now and then: also what becomes of other jobs changes why this one waits."""
        is_late = time.monotonic() - self._asked_at > EAGER_S
        if self._asked != self._job or ((news.jobs or news.is_all) and is_late):
            self._ask()
        self.tell()

    def _ask(self) -> None:
        job = self._job
        if job != self._asked:
            self._why = None
        self._asked, self._asked_at = job, time.monotonic()
        if job and job.state == JobState.QUEUED and _can_ask(self._desk):
            self._explain(job.id)

    def tell(self) -> None:
        """Tell of the job as it is now."""
        job, why = self._job, None
        if job and self._why and job == self._asked and job.state == JobState.QUEUED:
            why = self._why.message
        if job is None and self._or_else:
            self.show([f" {self._or_else}"])
        else:
            self.show(lines.selected(job, self._desk.picture, self._desk.look, why))

    @property
    def _job(self) -> JobView | None:
        return None if self._job_id is None else self._desk.picture.jobs.get(self._job_id)

    @on(Explained)
    def keep(self, message: Explained) -> None:
        """Tell why it waits."""
        message.stop()
        if self._asked and self._asked.id == message.explanation.job_id:
            self._why = message.explanation
        self.tell()

    @work(group="explain", exclusive=True, exit_on_error=False)
    async def _explain(self, job_id: int) -> None:
        await asyncio.sleep(self._desk.look.dwell_s)
        try:
            self.post_message(Explained(await self._desk.source.explain(job_id)))
        except JoborchError:
            return  # the line says what the picture knows


class ChosenPane(Container):
    """The selected job's facts and what it writes, for a terminal that has room for both."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="chosen")
        self._desk = desk
        self._job_id: int | None = None
        self._facts: Facts | None = None

    def compose(self) -> ComposeResult:
        """Put the facts beside the log."""
        yield Panel("Job", id="chosen-facts")
        yield LogView(id="chosen-log")

    def on_mount(self) -> None:
        """Leave the keys to the table."""
        log = self.query_one(LogView)
        log.can_focus = False
        log.border_title = "Log"

    def choose(self, job_id: int | None) -> None:
        """Show this job once the selection rests on it."""
        if job_id == self._job_id or not self.size.width:
            return
        self._job_id, self._facts = job_id, None
        panel = self.query_one(Panel)
        panel.border_title = "Job"
        panel.show([""])
        self.query_one(LogView).clear()
        if job_id is not None and _can_ask(self._desk):
            self._learn(job_id)
            self._read(job_id)

    def show_news(self, news: News) -> None:
        """Ask again for the facts if the job has changed, and for all after a loss."""
        if self._job_id is None:
            return
        self._tell()
        if news.is_back:
            job_id, self._job_id = self._job_id, None
            self.choose(job_id)
        elif self._job_id in news.jobs and _can_ask(self._desk):
            self._learn(self._job_id)
            if self._has_begun(self._job_id):
                self._read(self._job_id)

    @on(FactsCame)
    def take_facts(self, message: FactsCame) -> None:
        """Show what the server said."""
        message.stop()
        if message.facts.job.id == self._job_id:
            self._facts = message.facts
            self._tell()

    @on(LogCame)
    def take_log(self, message: LogCame) -> None:
        """Show what the job writes."""
        message.stop()
        self.query_one(LogView).take(message.item)

    def _tell(self) -> None:
        """Show the facts; beside jobs of the past they are still of now, and called so."""
        if self._facts is None:
            return
        panel, job, desk = self.query_one(Panel), self._facts.job, self._desk
        look, then = desk.look, desk.picture.is_past
        if then:
            at = desk.picture.latest(desk.clock())
            look = replace(look, now=lambda: at)
        title = f"Job {job.id} {job_name(job)}{', as it is now' if then else ''}"
        panel.border_title = Content(title)  # not as markup
        panel.show(*brief(self._facts, look, panel.content_size.width))

    def _has_begun(self, job_id: int) -> bool:
        job = self._desk.picture.jobs.get(job_id)
        is_blank = self.query_one(LogView).is_blank
        return job is not None and job.state == JobState.RUNNING and is_blank

    @work(group="chosen facts", exclusive=True, exit_on_error=False)
    async def _learn(self, job_id: int) -> None:
        await asyncio.sleep(self._desk.look.dwell_s)
        try:
            self.post_message(FactsCame(await learn(self._desk.source, job_id)))
        except JoborchError:
            return  # the list says what the picture knows

    @work(group="chosen log", exclusive=True, exit_on_error=False)
    async def _read(self, job_id: int) -> None:
        await asyncio.sleep(self._desk.look.dwell_s)
        job, source = self._desk.picture.jobs.get(job_id), self._desk.source
        try:
            if job and JobState(job.state).is_terminal:
                for stream in ("stdout", "stderr"):
                    written = await source.log(job_id, stream=stream, tail=TAIL)
                    text = written.decode(errors="replace")
                    self.post_message(LogCame(LogText(stream=stream, offset=0, text=text)))
            elif job and job.state == JobState.RUNNING:
                async with aclosing(source.follow_log(job_id)) as items:
                    async for item in items:
                        self.post_message(LogCame(item))
        except JoborchError as error:
            says = LogText(stream="stderr", offset=0, text=f"{error.message}\n")
            self.post_message(LogCame(says))


def _can_ask(desk: Desk) -> bool:
    return desk.picture.is_live and not desk.picture.is_past
