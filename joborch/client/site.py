"""What the SDK tells of the site: its server, services, agents, and who uses how much."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec import UNSET

from joborch.client.query import JobQuery
from joborch.client.transport import Call, Transport, segment
from joborch.domain.amendments import KEPT, Kept
from joborch.wire.agents import AgentList, AgentView
from joborch.wire.events import EventPage
from joborch.wire.groups import JobGroups
from joborch.wire.services import (
    Health,
    Meta,
    PauseRequest,
    QuotaRequest,
    ServiceList,
    ServiceView,
    UsageList,
    UsageView,
)
from joborch.wire.snapshot import Snapshot
from joborch.wire.statistics import StartEstimate, Statistics
from joborch.wire.waiting import Waiting

T = TypeVar("T")


class Site:
    """The part of :class:`~joborch.client.Orchestrator` that is about no job in particular."""

    _transport: Transport

    async def meta(self) -> Meta:
        """Return what the server is and allows."""
        return await self._get("/meta", Meta)

    async def health(self) -> Health:
        """Return how the server is; raises ``UnavailableError`` when it is not well."""
        return await self._transport.ask(get("/health"), Health)

    async def server_time(self) -> datetime | None:
        """Return what time the server takes it to be, to the second; None if it does not say."""
        from email.utils import parsedate_to_datetime

        async with self._transport.stream(get("/meta")) as response:
            told = response.headers.get("Date")
        try:
            return parsedate_to_datetime(told) if told else None
        except ValueError:
            return None

    async def hear_events(self) -> None:
        """Return once the server's stream of events has come through, be it only its first word.

        Something between here and there may hold it back; bound it with ``asyncio.timeout``.
        """
        call = get("/events", accept="text/event-stream")
        async with self._transport.stream(call) as response:
            async for _line in self._transport.lines(response):
                return

    async def services(self) -> ServiceList:
        """Return all services with their quotas and use."""
        return await self._get("/services", ServiceList)

    async def service(self, name: str) -> ServiceView:
        """Return one service."""
        return await self._get(f"/services/{segment(name)}", ServiceView)

    async def pause_service(
        self, name: str, reason: str | None = None, *, by: str | None = None
    ) -> ServiceView:
        """Have a service start no more jobs until it is resumed; what runs goes on.

        Jobs are still accepted. A service that is paused already stays as it is, reason and all.

        Args:
            name: of the service.
            reason: why, for those whose jobs wait.
            by: who does it.

        Raises:
            ServiceNotFoundError: there is none of this name.
        """
        request = PauseRequest(reason=reason, by=by)
        call = post(f"/services/{segment(name)}/pause", request)
        return await self._transport.ask(call, ServiceView)

    async def resume_service(self, name: str) -> ServiceView:
        """Have a paused service start jobs again, at once.

        Raises:
            ServiceNotFoundError: there is none of this name.
        """
        return await self._transport.ask(post(f"/services/{segment(name)}/resume"), ServiceView)

    async def agents(self) -> AgentList:
        """Return all agents."""
        return await self._get("/agents", AgentList)

    async def agent(self, name: str) -> AgentView:
        """Return one agent, by id or name."""
        return await self._get(f"/agents/{segment(name)}", AgentView)

    async def drain(self, name: str, *, on: bool = True) -> AgentView:
        """Have an agent, by id or name, be given no new jobs; or, with ``on=False``, again."""
        action = "drain" if on else "resume"
        call = Call(method="POST", path=f"/api/v1/agents/{segment(name)}/{action}")
        return await self._transport.ask(call, AgentView)

    async def remove_agent(self, name: str) -> AgentView:
        """Forget an agent, by id or name, that is down and holds no job; returns what it was.

        Jobs that it ran keep its name. If it comes back, it is taken for a new one.

        Raises:
            AgentNotFoundError: there is none.
            AgentInUseError: it is not down, or holds jobs; nothing changed.
        """
        call = Call(method="DELETE", path=f"/api/v1/agents/{segment(name)}")
        return await self._transport.ask(call, AgentView)

    async def set_quota(
        self,
        user: str,
        service: str,
        *,
        running: int | Kept | None = KEPT,
        queued: int | Kept | None = KEPT,
        by: str | None = None,
    ) -> UsageView:
        """Give one user a quota of their own; what is ``KEPT`` stays. It ends no job.

        Args:
            user: whose.
            service: of which service.
            running: how many jobs may be active at once; None: what the service allows everybody.
            queued: how many may wait, further ones are refused; None: any number.
            by: who does it.

        Raises:
            ServiceNotFoundError: there is none of this name.
        """
        request = QuotaRequest(
            user_id=user,
            service=service,
            running=UNSET if isinstance(running, Kept) else running,
            queued=UNSET if isinstance(queued, Kept) else queued,
            by=by,
        )
        return await self._transport.ask(post("/quotas", request), UsageView)

    async def usage(self, *, user: str | None = None, service: str | None = None) -> UsageList:
        """Return who uses how much of which service, and who has a quota of their own."""
        return await self._get("/usage", UsageList, user=user, service=service)

    async def statistics(
        self, *, window: timedelta, buckets: int = 60, service: str | None = None
    ) -> Statistics:
        """Return how much was done within the window (1 minute to 7 days), and how things stand.

        It comes in 2 to 240 buckets, about one service or all of them.
        """
        asked = {"window": window.total_seconds(), "buckets": buckets, "service": service}
        return await self._get("/statistics", Statistics, **asked)

    async def estimate(
        self, *, service: str, user: str, jobs: int = 1, priority: int | None = None
    ) -> StartEstimate:
        """Return when the first and the last of so many jobs would start, submitted now."""
        asked = {"service": service, "user": user, "jobs": jobs, "priority": priority}
        return await self._get("/estimate", StartEstimate, **asked)

    async def snapshot(self, *, ended: int = 1000) -> Snapshot:
        """Return all jobs that have not ended, the newest ``ended`` that have, and the rest.

        ``events(after=snapshot.seq)`` goes on from there without a gap.
        """
        return await self._get("/snapshot", Snapshot, ended=ended)

    async def waiting(self, job_ids: Iterable[int] = ()) -> Waiting:
        """Return why these jobs wait, at most 1000, and in which order the lines are served."""
        asked = ",".join(map(str, job_ids))
        return await self._get("/waiting", Waiting, **({"id": asked} if asked else {}))

    async def past(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 1000,
        user: str | None = None,
        service: str | None = None,
        job: str | int | None = None,
        batch: str | None = None,
    ) -> EventPage:
        """Return up to ``limit`` (at most 1000) things that happened, in the order of their seq.

        They are the newest before ``before``, or the oldest after ``after`` where that is given
        alone. Page on with the answer's ``next`` as ``before``, or as ``after``, until it is None:
        a page that is about a few jobs may be short or empty and not the last.
        """
        between = {"before": before, "after": after, "limit": limit}
        jobs = {"user": user, "service": service, "job": job, "batch": batch}
        return await self._get("/history", EventPage, **between, **jobs)

    async def groups(self, by: str, query: JobQuery | None = None) -> JobGroups:
        """Return the jobs that match, counted by what they have in common.

        Args:
            by: ``user service state agent reason batch``, or ``signature``: how they failed, as
                read from the ends of the newest failed jobs' logs.
            query: which jobs.
        """
        conditions = (query or JobQuery()).parameters()
        return await self._get("/jobs/groups", JobGroups, by=by, **conditions)

    async def _get(self, path: str, answer: type[T], **query: object) -> T:
        return await self._transport.ask(get(path, query=query, is_repeatable=True), answer)


def get(
    path: str,
    *,
    query: dict[str, object] | None = None,
    accept: str | None = None,
    is_repeatable: bool = False,
) -> Call:
    """Return the call that reads ``path`` below ``/api/v1``."""
    return Call(
        method="GET",
        path=f"/api/v1{path}",
        query=query,
        headers={"Accept": accept} if accept else None,
        is_repeatable=is_repeatable,
    )


def post(path: str, body: msgspec.Struct | None = None) -> Call:
    """Return the call that sets something below ``/api/v1``: twice is the same as once."""
    return Call(
        method="POST",
        path=f"/api/v1{path}",
        headers={"Content-Type": "application/json"} if body is not None else None,
        content=None if body is None else lambda: msgspec.json.encode(body),
        is_repeatable=True,
    )
