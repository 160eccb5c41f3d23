"""What the dashboard asks of a server, as a protocol: the SDK's ``Orchestrator`` is one."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from datetime import timedelta
from typing import Protocol

from joborch.client import JobQuery, LogRestarted, Missed
from joborch.wire.agents import AgentList, AgentView
from joborch.wire.events import EventView, LogText
from joborch.wire.jobs import Explanation, FileList, JobPage, JobView
from joborch.wire.services import ServiceList, UsageList


class Source(Protocol):
    """A server. Every method raises the errors of ``joborch.domain.errors`` and no others."""

    server: str

    def events(
        self, *, on_open: Callable[[], None] | None = None, **query: str | int | None
    ) -> AsyncGenerator[EventView | Missed, None]:
        """Yield what happens, until the server shuts down."""

    async def jobs(
        self, query: JobQuery | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        """Return a page of jobs."""

    async def jobs_by_id(
        self, job_ids: Iterable[int], *, required: Collection[int] | None = None
    ) -> list[JobView]:
        """Return these jobs."""

    async def job(self, job_id: int) -> JobView:
        """Return one job."""

    async def history(self, job_id: int) -> list[EventView]:
        """Return what happened to a job."""

    async def explain(self, job_id: int) -> Explanation:
        """Return why a job waits."""

    async def files(self, job_id: int) -> FileList:
        """Return a job's files."""

    def follow_log(self, job_id: int) -> AsyncGenerator[LogText | LogRestarted | JobView, None]:
        """Yield what a job writes."""

    async def cancel(
        self, job_id: int, *, reason: str | None = None, grace: timedelta | None = None
    ) -> JobView:
        """Ask for a job to end."""

    async def agents(self) -> AgentList:
        """Return all agents."""

    async def drain(self, name: str, *, on: bool = True) -> AgentView:
        """Have an agent be given no new jobs, or again."""

    async def services(self) -> ServiceList:
        """Return all services."""

    async def usage(self, *, user: str | None = None, service: str | None = None) -> UsageList:
        """Return who uses how much."""
