"""The part of the dashboard that changes something: it asks first, acts, and tells what came of it.

What was asked about is what it is done to, whatever the lists show meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from textual import on, work

from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui.deeds import HIGHEST, LOWEST, no_priority, set_priority
from joborch.tui.desk import Desk
from joborch.tui.dialogs.confirm import ConfirmDialog
from joborch.tui.dialogs.prompt import PromptDialog
from joborch.tui.errands import (
    OTHERS,
    Errand,
    are_the_same,
    as_they_are,
    errand_for,
    noun,
    question,
    run,
)
from joborch.tui.fetching import BETWEEN_S, fetch, mistake, usual_place
from joborch.tui.keyboard import PatientApp
from joborch.tui.messages import (
    DeedWanted,
    Done,
    DrainWanted,
    FetchWanted,
    PriorityWanted,
    Refused,
)
from joborch.tui.news import News
from joborch.tui.room import TOO_SMALL, is_too_small
from joborch.wire.jobs import JobView


class ActingApp(PatientApp):
    """An application with a desk, from which jobs and agents are changed."""

    desk: Desk

    def __init__(self, *, ansi_color: bool | None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._turn = asyncio.Lock()
        """What changes jobs is done in the order of the keys."""

    @on(DeedWanted)
    def ask_to_act(self, message: DeedWanted) -> None:
        """Do something to jobs; ask first if it is much, or cannot be undone."""
        if not self._may_act():
            return
        look, deed = self.desk.look, message.deed
        errand = errand_for(deed, message.job_ids, self.desk.picture)
        if not errand.jobs:
            self.notify(f"nothing to {deed.verb}: {deed.unfit}", severity="warning", markup=False)
            return
        what = f"{deed.verb.capitalize()} {noun(len(errand.jobs))}"
        dialog = ConfirmDialog(
            f"{what}?",
            question(errand, self.desk.picture, look),
            yes=what,
            no="Leave them" if len(errand.jobs) > 1 else "Leave it",
            guard_s=look.guard_s,
            keymap=look.keymap,
            demanded=errand.demanded(look.user_id),
        )
        must_ask = errand.must_ask(look, is_chosen=message.is_chosen)
        self._do(lambda: self._run(errand), dialog if must_ask else None)

    @on(PriorityWanted)
    def ask_for_priority(self, message: PriorityWanted) -> None:
        """Let a person type the priority of these jobs."""
        if not self._may_act():
            return
        known = self.desk.picture.jobs
        before = {job_id: known[job_id] for job_id in message.job_ids if job_id in known}
        job = before.get(message.job_ids[0])

        def answered(typed: str | None) -> None:
            if typed is None:
                return
            if not are_the_same(before.values(), self.desk.picture.jobs):
                self.notify(OTHERS, severity="error")
                return
            deed = set_priority(int(typed))
            self.post_message(DeedWanted(deed, message.job_ids, is_chosen=message.is_chosen))

        leaving = self.desk.look.keymap.leaving("prompt.close")
        dialog = PromptDialog(
            f"Priority of {noun(len(message.job_ids))}",
            f"{LOWEST} to {HIGHEST}; higher goes first. Enter sets it, {leaving} leaves it.",
            value=str(job.priority) if job else "",
            mistake=no_priority,
        )
        self.push_screen(dialog, answered)

    @on(FetchWanted)
    def ask_where_to(self, message: FetchWanted) -> None:
        """Let a person type where the results of these jobs go, and bring them there."""
        known = [job for job in map(self.desk.picture.jobs.get, message.job_ids) if job]
        jobs = [job for job in known if job.results and not job.results.removed_at]
        if not jobs:
            self.notify("nothing to fetch: there are no results", severity="warning")
            return

        def answered(typed: str | None) -> None:
            if typed is not None:
                self.notify(f"fetching {noun(len(jobs))}")
                self._act(lambda: self._fetch(jobs, Path(typed).expanduser()))

        dialog = PromptDialog(
            f"Fetch {noun(len(jobs))} to",
            "A new directory. What is there already is not touched.",
            value=usual_place(jobs),
            mistake=mistake,
        )
        self.push_screen(dialog, answered)

    @on(DrainWanted)
    def ask_to_drain(self, message: DrainWanted) -> None:
        """Ask before an agent is given no more jobs, or is given jobs again."""
        if not self._may_act():
            return
        agent, source = message.agent, self.desk.source
        drains, name = agent.state != "draining", one_line(agent.name)

        async def drain() -> str:
            await source.drain(agent.id, on=drains)
            return f"{name} {'drains' if drains else 'takes jobs again'}"

        verb = "Drain" if drains else "Resume"
        effect = "It gets no new jobs; those it has run on." if drains else "It gets jobs again."
        dialog = ConfirmDialog(
            f"{verb} {name}?",
            f"{name} holds {noun(agent.active)}. {effect}",
            yes=f"{verb} it",
            no="Leave it",
            guard_s=self.desk.look.guard_s,
            keymap=self.desk.look.keymap,
        )
        self._do(drain, dialog)

    @on(Done)
    def tell(self, message: Done) -> None:
        """Say what was done."""
        self.notify(message.text, markup=False)
        self.desk.feed.look()

    @on(Refused)
    def complain(self, message: Refused) -> None:
        """Say what could not be done."""
        self.notify(message.text, severity="error", markup=False)

    def spread(self, news: News) -> None:
        """Tell the screens what has changed; which there are, the whole dashboard knows."""
        raise NotImplementedError

    def _may_act(self) -> bool:
        if is_too_small(self.size):
            self.notify(TOO_SMALL, severity="warning")
            return False
        if self.desk.look.is_read_only:
            self.notify("read-only: nothing was sent", severity="warning")
            return False
        if not self.desk.picture.is_live:
            self.notify("not connected: nothing was sent", severity="error")
        return self.desk.picture.is_live

    def _whisper(self, text: str) -> None:
        self.notify(text, timeout=BETWEEN_S, markup=False)

    async def _fetch(self, jobs: Sequence[JobView], place: Path) -> str:
        await as_they_are(jobs, self.desk.source)
        return await fetch(jobs, place, self.desk.source, tell=self._whisper)

    async def _run(self, errand: Errand) -> str:
        async with self._turn:
            return await run(errand, self.desk.source, by=self.desk.look.user_id)

    def _do(self, action: Callable[[], Awaitable[str]], question: ConfirmDialog | None) -> None:
        if question is None:
            self._act(action)
            return

        def answered(is_yes: bool | None) -> None:
            if is_yes:
                self._act(action)

        self.push_screen(question, answered)

    @work(group="actions", exit_on_error=False)
    async def _act(self, action: Callable[[], Awaitable[str]]) -> None:
        try:
            self.post_message(Done(await action()))
        except JoborchError as error:
            self.post_message(Refused(one_line(error.message)))
