"""``joborch top --plain``: what changes at a site, a sentence a line, for those who listen.

Nothing is ever drawn over, so that a screen reader, a log or a braille line has it all in order.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from joborch.client import Orchestrator
from joborch.domain.selectors import spelt
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.tui.feed import Feed
from joborch.tui.filters import parse_filter
from joborch.tui.formatting import job_name
from joborch.tui.look import Look
from joborch.tui.news import News
from joborch.tui.picture import LinkState, Picture, counted_as
from joborch.tui.plain_menu import Menu
from joborch.tui.plain_person import Person
from joborch.tui.whereabouts import ending, words
from joborch.wire.jobs import JobView

FEW = 5
"""When more jobs than this change in the same way at once, one sentence is about all of them."""
PATIENCE = timedelta(seconds=1)
AGAIN_S = 0.1
ORDER = ("running", "assigned", "queued", "held", *filter(lambda s: s.is_terminal, JobState))


class Teller:
    """Says what has changed since it last said something."""

    def __init__(self, picture: Picture, look: Look, say: Callable[[str], None]) -> None:
        """Say nothing yet; ``say`` takes one line."""
        self._picture, self._say, self._now = picture, say, look.now
        self._filter_text = look.filter_text
        self._passes = parse_filter(look.filter_text, me=look.user_id)
        self._phrases: dict[int, str] = {}
        self._agents: dict[str, str] = {}
        self._link = LinkState.CONNECTING
        self._has_begun = False
        self._live_since: datetime | None = None
        self._waits = False

    def tell(self, news: News) -> None:
        """Say what is new; be silent while jobs are being listed, and while somebody is asked."""
        if self._waits:
            return
        state = self._picture.link.state
        if state is LinkState.OFFLINE:
            self._tell_loss()
        elif state is LinkState.LIVE and not self._has_begun:
            self._begin_if_complete()
        elif state is LinkState.LIVE:
            if self._link is LinkState.OFFLINE:
                self._say("connected again")
            self._link = state
            self._tell_agents()
            self._tell_jobs(self._picture.jobs if news.is_all else news.jobs)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Keep everything back meanwhile, and say it then."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
            self.tell(News(is_all=True))

    def summary(self) -> str:
        """Count the jobs that pass the filter, and the agents."""
        states = Counter(map(counted_as, filter(self._passes, self._picture.jobs.values())))
        shown = [state for state in ORDER if states[state]]
        told = ", ".join(f"{states[state]} {state.replace('_', ' ')}" for state in shown)
        agents = self._picture.agents
        up = sum(agent.state == "up" for agent in agents)
        jobs = f"{sum(states.values())} jobs: {told}" if told else "no jobs"
        if self._filter_text:
            jobs += f" (of {len(self._picture.jobs)}, by {self._filter_text})"
        return one_line(f"{jobs}; {up} of {len(agents)} agents up")

    def _begin_if_complete(self) -> None:
        """Begin when agents are known too; that there are none is believed after a while."""
        now, picture = self._now(), self._picture
        self._live_since = self._live_since or now
        if not (picture.agents or picture.services or now - self._live_since > PATIENCE):
            return
        self._has_begun, self._link = True, LinkState.LIVE
        passing = filter(self._passes, self._picture.jobs.values())
        self._phrases = {job.id: phrase(job) for job in passing}
        self._agents = self._agent_states()
        self._say(self.summary())

    def _tell_loss(self) -> None:
        if self._link is not LinkState.OFFLINE:
            link = self._picture.link
            hint = f"; {link.hint}" if link.hint and not self._has_begun else ""
            self._say(one_line(f"not connected, trying again: {link.reason}{hint}"))
        self._link = LinkState.OFFLINE

    def _tell_agents(self) -> None:
        before, self._agents = self._agents, self._agent_states()
        for name, state in self._agents.items():
            if before.get(name) != state:
                self._say(f"agent {name} {state}")
        for name in before.keys() - self._agents.keys():
            self._say(f"agent {name} gone")

    def _tell_jobs(self, ids: Iterable[int]) -> None:
        groups: dict[str, list[int]] = {}
        for job_id in ids:
            job = self._picture.jobs.get(job_id)
            # One that passes no more has changed too: ``state:active`` is to hear of ends.
            if job is None or not (job_id in self._phrases or self._passes(job)):
                continue
            said = phrase(job)
            if self._phrases.get(job_id) != said:
                groups.setdefault(said, []).append(job_id)
                self._phrases[job_id] = said
        for said, alike in groups.items():
            self._tell_of(sorted(alike), said)

    def _tell_of(self, ids: list[int], said: str) -> None:
        if len(ids) > FEW:
            self._say(f"{len(ids)} jobs {said}: {spelt(ids)}")
            return
        for job_id in ids:
            self._say(f"job {job_id} {said}: {_who(self._picture.jobs[job_id])}")

    def _agent_states(self) -> dict[str, str]:
        return {one_line(each.name): one_line(each.state) for each in self._picture.agents}


def phrase(job: JobView) -> str:
    """Say in words how a job is: ``running on compute-1``."""
    on = f" on {job.agent}" if job.agent else ""
    match JobState(job.state):
        case JobState.RUNNING if job.cancel_requested_at:
            said = f"ending{on}"
        case JobState.RUNNING:
            said = f"running{on}"
        case JobState.ASSIGNED:
            said = f"on its way to {job.agent or 'an agent'}"
        case JobState.QUEUED | JobState.COMPLETED:
            said = words(job)
        case _:
            how = ending(job)
            said = f"{words(job)}{on}{', ' if how else ''}{how}"
    return one_line(said)


def main(*, server: Orchestrator, user_id: str, filter_text: str, is_read_only: bool) -> int:
    """Tell until interrupted, or until a person at a terminal quits; returns the exit code.

    Raises:
        ValueError: if the filter cannot be understood.
    """
    look = Look(user_id=user_id, filter_text=filter_text, is_read_only=is_read_only)
    try:
        return asyncio.run(_told(server, look))
    except BaseExceptionGroup as group:
        if group.subgroup(BrokenPipeError):
            raise BrokenPipeError from group  # nobody reads any more
        raise


async def _told(server: Orchestrator, look: Look) -> int:
    picture = Picture()
    teller = Teller(picture, look, _say)
    async with server as source:
        feed = Feed(source, picture, tell=teller.tell, now=look.now)
        telling = asyncio.create_task(feed.run(), name="feed")
        try:
            if not (sys.stdin.isatty() and sys.stdout.isatty()):
                await telling
            with Person(sys.stdin.fileno(), _say) as person:
                menu = Menu(person, source, picture, look, teller)
                acting = asyncio.create_task(menu.serve(), name="menu")
                done, _ = await asyncio.wait([telling, acting], return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            await end(telling)
    return 0


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a feed. Before Python 3.13 one that meets a lost connection just then is forgotten."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN_S)


def _say(text: str) -> None:
    """Write a line at once, whole."""
    sys.stdout.write(text + os.linesep)
    sys.stdout.flush()


def _who(job: JobView) -> str:
    return f"{job_name(job)}, user {one_line(job.user_id)}"
