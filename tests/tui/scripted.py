"""A server's answers, as a test wants them; the dashboard's own code is all real."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from datetime import datetime, timedelta

from joborch.client import JobQuery, LogRestarted, Missed
from joborch.domain.errors import JobNotFoundError, ServerUnreachableError, WrongStateError
from joborch.domain.states import JobState, states_named
from joborch.tui.feed import NOT_YET
from joborch.wire.agents import AgentList, AgentView
from joborch.wire.events import EventView, LogText
from joborch.wire.jobs import Explanation, FileList, JobPage, JobView
from joborch.wire.services import ServiceList, ServiceView, UsageList, UsageView
from tests.support.views import an_event

REFUSED = ServerUnreachableError(
    "cannot reach http://orch:5000 (connection refused)", hint="start one with `joborch serve`"
)


class ScriptedSource:
    """Answers from what the test has put into it, and notes what it was asked to change."""

    def __init__(self, *jobs: JobView) -> None:
        self.server = "http://orch:5000"
        self.known = {job.id: job for job in jobs}
        self.agent_views: list[AgentView] = []
        self.service_views: list[ServiceView] = []
        self.usage_views: list[UsageView] = []
        self.histories: dict[int, list[EventView]] = {}
        self.file_lists: dict[int, FileList] = {}
        self.explanations: dict[int, Explanation] = {}
        self.logs: dict[int, list[LogText | LogRestarted | JobView]] = {}
        self.is_up = True
        self.cancelled: list[int] = []
        self.drained: list[tuple[str, bool]] = []
        self.listings = 0
        self._seq = 0
        self._happened: list[EventView] = []
        self._streams: list[asyncio.Queue[EventView | Missed | None]] = []

    def happen(self, *jobs: JobView) -> None:
        """Change jobs, and tell those who follow the events."""
        for job in jobs:
            self._seq += 1
            self.known[job.id] = job
            event = an_event(job.id, JobState(job.state), seq=self._seq)
            self._happened.append(event)
            for stream in self._streams:
                stream.put_nowait(event)

    def lose_events(self) -> None:
        """Tell those who follow the events that some were lost."""
        for stream in self._streams:
            stream.put_nowait(Missed())

    def go_away(self) -> None:
        """Break every connection, and take no new ones."""
        self.is_up = False
        for stream in self._streams:
            stream.put_nowait(None)

    def come_back(self) -> None:
        """Take connections again."""
        self.is_up = True

    async def events(
        self, *, on_open: Callable[[], None] | None = None, **query: str | int | None
    ) -> AsyncGenerator[EventView | Missed, None]:
        self._check()
        stream: asyncio.Queue[EventView | Missed | None] = asyncio.Queue()
        self._streams.append(stream)
        if on_open:
            on_open()
        after = query.get("after")
        if after == NOT_YET:
            yield Missed()
        else:
            for event in self._happened:
                if event.seq > int(after or 0):
                    yield event
        try:
            while (item := await stream.get()) is not None:
                yield item
        finally:
            self._streams.remove(stream)
        raise REFUSED

    async def jobs(
        self, query: JobQuery | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        self._check()
        self.listings += cursor is None
        wanted = states_named((query.state if query else None) or "active")
        found = sorted((j for j in self.known.values() if j.state in wanted), key=lambda j: -j.id)
        start = int(cursor or 0)
        following = str(start + limit) if start + limit < len(found) else None
        return JobPage(items=found[start : start + limit], total=len(found), next=following)

    async def jobs_by_id(
        self, job_ids: Iterable[int], *, required: Collection[int] | None = None
    ) -> list[JobView]:
        self._check()
        return [self.known[job_id] for job_id in job_ids if job_id in self.known]

    async def job(self, job_id: int) -> JobView:
        self._check()
        if job_id not in self.known:
            raise JobNotFoundError(job_id)
        return self.known[job_id]

    async def history(self, job_id: int) -> list[EventView]:
        self._check()
        return self.histories.get(job_id, [])

    async def explain(self, job_id: int) -> Explanation:
        self._check()
        if job_id not in self.explanations:
            raise JobNotFoundError(job_id)
        return self.explanations[job_id]

    async def files(self, job_id: int) -> FileList:
        self._check()
        return self.file_lists.get(job_id, FileList(items=[]))

    async def follow_log(
        self, job_id: int
    ) -> AsyncGenerator[LogText | LogRestarted | JobView, None]:
        self._check()
        for item in self.logs.get(job_id, []):
            yield item
        await asyncio.Event().wait()

    async def cancel(
        self, job_id: int, *, reason: str | None = None, grace: timedelta | None = None
    ) -> JobView:
        self._check()
        if JobState(self.known[job_id].state).is_terminal:
            raise WrongStateError(job_id, self.known[job_id].state, "cancel")
        self.cancelled.append(job_id)
        return self.known[job_id]

    async def agents(self) -> AgentList:
        self._check()
        return AgentList(items=self.agent_views)

    async def drain(self, name: str, *, on: bool = True) -> AgentView:
        self._check()
        self.drained.append((name, on))
        return self.agent_views[0]

    async def services(self) -> ServiceList:
        self._check()
        return ServiceList(items=self.service_views)

    async def usage(self, *, user: str | None = None, service: str | None = None) -> UsageList:
        self._check()
        return UsageList(items=self.usage_views)

    def _check(self) -> None:
        if not self.is_up:
            raise REFUSED


def since(noon: datetime, **by: float) -> datetime:
    """A moment so long before noon."""
    return noon - timedelta(**by)
