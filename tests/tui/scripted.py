"""A server's answers, as a test wants them; the dashboard's own code is all real."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from joborch.client import JobQuery, LogRestarted, Missed
from joborch.client.upload import Progress
from joborch.domain.errors import (
    JobNotFoundError,
    NotAllowedError,
    ServerUnreachableError,
    WrongStateError,
)
from joborch.domain.states import TRANSITIONS, JobState, states_named
from joborch.tui.feed import NOT_YET
from joborch.wire.actions import (
    ActionResult,
    CancelJobs,
    HoldJobs,
    JobAction,
    ReleaseJobs,
    RetryJobs,
    SetJobs,
    about,
    action_error,
    name_of,
)
from joborch.wire.agents import AgentList, AgentView
from joborch.wire.events import EventPage, EventView, LogText
from joborch.wire.jobs import Explanation, FileList, JobPage, JobView
from joborch.wire.services import Health, PauseView, ServiceList, ServiceView, UsageList, UsageView
from joborch.wire.statistics import Spread, Statistics
from joborch.wire.waiting import Reason, Turn, Waiting
from tests.support.views import NOON, an_event

REFUSED = ServerUnreachableError(
    "cannot reach http://orch:5000 (connection refused)", hint="start one with `joborch serve`"
)
WAITING = states_named("queued")
SUITS: dict[type[JobAction], Collection[str]] = {
    CancelJobs: states_named("active"),
    HoldJobs: WAITING,
    ReleaseJobs: WAITING,
    SetJobs: WAITING,
    RetryJobs: states_named("done") - states_named("completed"),
}


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
        self.scripts: dict[int, bytes] = {}
        self.environments: dict[int, dict[str, str]] = {}
        self.reasons: dict[int, str] = {}
        """Why jobs wait."""
        self.turns: list[Turn] = []
        self.asked_why: list[list[int]] = []
        """The jobs that each question was about."""
        self.written: dict[tuple[int, str], bytes] = {}
        """What ended jobs wrote, by job and stream."""
        self.logs: dict[int, list[LogText | LogRestarted | JobView]] = {}
        self.is_up = True
        self.demanded: str | None = None
        """A token without which nothing is answered."""
        self.token: str | None = None
        self.refusals = 0
        self.disk = "ok"
        self.fetched: list[tuple[int, Path]] = []
        self.acted: list[JobAction] = []
        self.actors: list[str | None] = []
        """What was done, about the jobs that it was done to."""
        self.drained: list[tuple[str, bool]] = []
        self.listings = 0
        self.asked_after: list[str] = []
        """After which events those who follow them asked to go on."""
        self.moment = NOON
        """When things happen."""
        self.happened: list[EventView] = []
        """Everything; what is put here before the beginning is the past."""
        self.statistics_of: dict[timedelta, Statistics] = {}
        self.measured: list[timedelta] = []
        """The windows that were asked about."""
        self._streams: list[asyncio.Queue[EventView | Missed | None]] = []

    @property
    def cancelled(self) -> list[int]:
        """The jobs that were cancelled."""
        return [i for action in self.acted if isinstance(action, CancelJobs) for i in action.ids]

    def happen(self, *jobs: JobView) -> None:
        """Change jobs, and tell those who follow the events."""
        for job in jobs:
            before, self.known[job.id] = self.known.get(job.id), job
            event = replace(
                an_event(job.id, JobState(job.state), seq=self.newest + 1, attempt=job.attempt),
                from_state=before.state if before else None,
                event=named(before.state if before else None, job.state),
                at=self.moment,
            )
            self.happened.append(event)
            for stream in self._streams:
                stream.put_nowait(event)

    @property
    def newest(self) -> int:
        """The last event."""
        return self.happened[-1].seq if self.happened else 0

    def lose_events(self) -> None:
        """Tell those who follow the events that some were lost."""
        for stream in self._streams:
            stream.put_nowait(Missed())

    def become_another(self, *jobs: JobView, at: datetime) -> None:
        """Have another database, in which nothing but these jobs' submission has happened."""
        self.known, self.happened = {}, []
        self.moment = at
        self.happen(*jobs)

    def go_away(self) -> None:
        """Break every connection, and take no new ones."""
        self.is_up = False
        for stream in self._streams:
            stream.put_nowait(None)

    def come_back(self) -> None:
        """Take connections again."""
        self.is_up = True

    def authorize(self, token: str) -> None:
        self.token = token

    async def events(
        self, *, on_open: Callable[[], None] | None = None, **query: str | int | None
    ) -> AsyncGenerator[EventView | Missed, None]:
        self._check()
        stream: asyncio.Queue[EventView | Missed | None] = asyncio.Queue()
        self._streams.append(stream)
        if on_open:
            on_open()
        known = str(query.get("after"))
        self.asked_after.append(known)
        seq, _, micros = known.partition("@")
        is_ours = not micros or known in {event.mark for event in self.happened}
        if is_ours and int(seq) != NOT_YET:
            for event in self.happened:
                if event.seq > int(seq):
                    yield event
        else:
            yield Missed()
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

    async def environment(self, job_id: int) -> dict[str, str]:
        self._check()
        return self.environments.get(job_id, {})

    async def files(self, job_id: int) -> FileList:
        self._check()
        return self.file_lists.get(job_id, FileList(items=[]))

    @asynccontextmanager
    async def read_file(
        self, job_id: int, name: str, *, kind: str = "result"
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self._check()
        if kind != "input" or name != "run.sh":
            raise JobNotFoundError(job_id)
        yield self._script(job_id)

    async def _script(self, job_id: int) -> AsyncIterator[bytes]:
        yield self.scripts.get(job_id, b"#!/bin/sh\nls\n")

    async def log(
        self,
        job_id: int,
        *,
        stream: str = "stdout",
        offset: int | None = None,
        tail: int | None = None,
    ) -> bytes:
        self._check()
        return self.written.get((job_id, stream), b"")

    async def fetch(
        self,
        job_id: int,
        into: Path,
        *,
        include: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        overwrite: bool = False,
        on_progress: Progress | None = None,
    ) -> list[str]:
        self._check()
        self.fetched.append((job_id, into))
        return ["output.txt"]

    async def follow_log(
        self, job_id: int
    ) -> AsyncGenerator[LogText | LogRestarted | JobView, None]:
        self._check()
        for item in self.logs.get(job_id, []):
            yield item
        await asyncio.Event().wait()

    async def act(self, action: JobAction, *, by: str | None = None) -> list[ActionResult]:
        self._check()
        results = [self._act_on(job_id, action) for job_id in action.ids]
        self.actors.append(by)
        self.acted.append(about(action, [result.id for result in results if result.ok]))
        return results

    def _act_on(self, job_id: int, action: JobAction) -> ActionResult:
        state = self.known[job_id].state
        if state not in SUITS[type(action)]:
            error = action_error(WrongStateError(job_id, state, name_of(action)))
            return ActionResult(id=job_id, ok=False, state=state, error=error)
        if isinstance(action, SetJobs) and isinstance(action.changes.priority, int):
            self.known[job_id] = replace(self.known[job_id], priority=action.changes.priority)
        new_id = job_id + 1000 if isinstance(action, RetryJobs) else None
        return ActionResult(id=job_id, ok=True, state=state, new_id=new_id)

    async def agents(self) -> AgentList:
        self._check()
        return AgentList(items=self.agent_views)

    async def drain(self, name: str, *, on: bool = True) -> AgentView:
        self._check()
        self.drained.append((name, on))
        return self.agent_views[0]

    async def remove_agent(self, name: str) -> AgentView:
        self._check()
        [removed] = [agent for agent in self.agent_views if agent.id == name]
        self.agent_views = [agent for agent in self.agent_views if agent is not removed]
        return removed

    async def pause_service(
        self, name: str, reason: str | None = None, *, by: str | None = None
    ) -> ServiceView:
        self._check()
        return self._amend(name, PauseView(at=NOON, by=by or "", reason=reason))

    async def resume_service(self, name: str) -> ServiceView:
        self._check()
        return self._amend(name, None)

    def _amend(self, name: str, paused: PauseView | None) -> ServiceView:
        [before] = [service for service in self.service_views if service.name == name]
        after = replace(before, paused=paused)
        self.service_views = [after if one is before else one for one in self.service_views]
        return after

    async def services(self) -> ServiceList:
        self._check()
        return ServiceList(items=self.service_views)

    async def health(self) -> Health:
        self._check()
        return Health(status="ok", database="ok", disk=self.disk)

    async def usage(self, *, user: str | None = None, service: str | None = None) -> UsageList:
        self._check()
        return UsageList(items=self.usage_views)

    async def statistics(
        self, *, window: timedelta, buckets: int = 60, service: str | None = None
    ) -> Statistics:
        self._check()
        self.measured.append(window)
        return self.statistics_of.get(window) or a_quiet_site(window, buckets)

    async def waiting(self, job_ids: Iterable[int] = ()) -> Waiting:
        self._check()
        asked = list(job_ids)
        self.asked_why.append(asked)
        items = [Reason(id=i, reason=self.reasons[i]) for i in asked if i in self.reasons]
        return Waiting(items=items, turns=self.turns)

    async def past(self, *, before: int | None = None, limit: int = 1000) -> EventPage:
        self._check()
        found = [event for event in self.happened if before is None or event.seq < before]
        following = str(found[-limit].seq) if len(found) > limit else None
        return EventPage(items=found[-limit:], next=following)

    def _check(self) -> None:
        if not self.is_up:
            raise REFUSED
        if self.token != self.demanded:
            self.refusals += 1
            raise NotAllowedError(f"{self.server} answered 401 Unauthorized")


def since(noon: datetime, **by: float) -> datetime:
    """A moment so long before noon."""
    return noon - timedelta(**by)


def named(before: str | None, after: str) -> str:
    """Return an event that leads from one state to the other, or one that changes nothing."""
    moves = ((source, to, event) for (source, event), to in TRANSITIONS.items())
    return next((event for *ends, event in moves if ends == [before, after]), "reoffered")


def a_quiet_site(window: timedelta, buckets: int) -> Statistics:
    """Nothing to do and nothing done."""
    nothing = Spread(count=0, p50_s=None, p95_s=None, p99_s=None)
    return Statistics(
        at=NOON,
        window_s=window.total_seconds(),
        bucket_s=window.total_seconds() / buckets,
        service=None,
        buckets=[],
        submitted=0,
        completed=0,
        failed=0,
        cancelled=0,
        per_minute=0,
        queued=0,
        held=0,
        active=0,
        wait=nothing,
        run=nothing,
        drain=None,
        drain_reason="nothing is queued or active",
    )
