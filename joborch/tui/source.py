"""What the dashboard asks of a server, as a protocol: the SDK's ``Orchestrator`` is one."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from joborch.client import JobQuery, LogRestarted, Missed
from joborch.client.upload import Progress
from joborch.wire.actions import ActionResult, JobAction
from joborch.wire.agents import AgentList, AgentView
from joborch.wire.events import EventPage, EventView, LogText
from joborch.wire.jobs import Explanation, FileList, JobPage, JobView
from joborch.wire.services import Health, ServiceList, ServiceView, UsageList
from joborch.wire.statistics import Statistics
from joborch.wire.waiting import Waiting


class Source(Protocol):
    """A server. Every method raises the errors of ``joborch.domain.errors`` and no others."""

    server: str

    def authorize(self, token: str) -> None:
        """Show this token with every request from now on."""

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

    async def environment(self, job_id: int) -> dict[str, str]:
        """Return the variables that were submitted with a job; secrets are masked."""

    async def files(self, job_id: int) -> FileList:
        """Return a job's files."""

    def read_file(
        self, job_id: int, name: str, *, kind: str = "result"
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open one file of a job, to be read piece by piece."""

    async def log(
        self,
        job_id: int,
        *,
        stream: str = "stdout",
        offset: int | None = None,
        tail: int | None = None,
    ) -> bytes:
        """Return what a job has written, or the last so many lines of it."""

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
        """Download a job's results and unpack them into a directory; returns the files' names."""

    def follow_log(self, job_id: int) -> AsyncGenerator[LogText | LogRestarted | JobView, None]:
        """Yield what a job writes."""

    async def act(self, action: JobAction, *, by: str | None = None) -> list[ActionResult]:
        """Do one thing to many jobs, as a user; returns a result for each."""

    async def agents(self) -> AgentList:
        """Return all agents."""

    async def drain(self, name: str, *, on: bool = True) -> AgentView:
        """Have an agent be given no new jobs, or again."""

    async def remove_agent(self, name: str) -> AgentView:
        """Forget an agent that is down and holds no job."""

    async def pause_service(
        self, name: str, reason: str | None = None, *, by: str | None = None
    ) -> ServiceView:
        """Have a service start no more jobs."""

    async def resume_service(self, name: str) -> ServiceView:
        """Have a service start jobs again."""

    async def services(self) -> ServiceList:
        """Return all services."""

    async def health(self) -> Health:
        """Return how the server is; raises ``UnavailableError`` when it is not well."""

    async def usage(self, *, user: str | None = None, service: str | None = None) -> UsageList:
        """Return who uses how much."""

    async def statistics(
        self, *, window: timedelta, buckets: int = 60, service: str | None = None
    ) -> Statistics:
        """Return how much was done within the window."""

    async def waiting(self, job_ids: Iterable[int] = ()) -> Waiting:
        """Return why these jobs wait, and in which order the lines are served."""

    async def past(self, *, before: int | None = None, limit: int = 1000) -> EventPage:
        """Return the newest events before one, in their order."""
