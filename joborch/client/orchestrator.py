"""The SDK's front door: one object with a method for everything a server offers to users."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from datetime import timedelta
from types import TracebackType
from typing import Self

from joborch.client import streams, waiting
from joborch.client.actions import JobActions
from joborch.client.job_files import JobFiles
from joborch.client.query import JobQuery
from joborch.client.site import Site
from joborch.client.submission import Submission, new_key
from joborch.client.transport import DEFAULT_TIMEOUT_S, Call, Retries, Transport
from joborch.client.upload import Progress
from joborch.domain.errors import JobNotFoundError
from joborch.wire.events import EventPage, EventView
from joborch.wire.jobs import (
    Environment,
    Explanation,
    Explanations,
    JobPage,
    JobView,
    Submitted,
)

MOST_A_PAGE = 1000
MOST_IDS = 500
"""So many ids go into one URL."""


class Orchestrator(JobActions, JobFiles, Site):
    """A joborch server, as its users see it.

    Use it as ``async with Orchestrator("http://127.0.0.1:5000") as orchestrator``. Every method
    raises the errors of ``joborch.domain.errors`` and no others, apart from ``OSError`` for local
    files.
    """

    def __init__(
        self,
        server: str,
        *,
        timeout: timedelta = timedelta(seconds=DEFAULT_TIMEOUT_S),
        retries: Retries | None = None,
        pause_s: float = streams.FIRST_PAUSE_S,
        token: str | None = None,
        is_read_only: bool = False,
    ) -> None:
        """Open nothing yet.

        Args:
            server: its address, ``http://HOST:PORT``.
            timeout: how long one request may be without an answer.
            retries: how often to try what may safely be repeated.
            pause_s: first pause before a broken stream is opened again; it grows up to 10 s.
            token: shown to this server with every request, as a proxy before it may demand.
            is_read_only: refuse, with ``ReadOnlyError``, what would change anything.
        """
        self.server = server
        self._transport = Transport(
            server,
            timeout_s=timeout.total_seconds(),
            retries=retries,
            token=token,
            is_read_only=is_read_only,
        )
        self._pause_s = pause_s

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.close()

    def authorize(self, token: str) -> None:
        """Show this token with every request from now on; it is kept nowhere."""
        self._transport.headers["Authorization"] = f"Bearer {token}"

    async def submit(
        self,
        submission: Submission,
        *,
        with_places: bool = False,
        on_progress: Progress | None = None,
    ) -> Submitted:
        """Send files and make their jobs: all of them, or none.

        Safe to repeat: each call has an idempotency key, the submission's own or a new one.
        ``with_places`` also asks for the jobs' ``position``.
        """
        body = submission.body(on_progress)
        call = Call(
            method="POST",
            path="/api/v1/jobs",
            query={"places": "true"} if with_places else None,
            headers={
                "Content-Type": body.content_type,
                "Content-Length": str(body.size_bytes),
                "Idempotency-Key": submission.key or new_key(),
            },
            content=body.__aiter__,
            is_repeatable=True,
        )
        return await self._transport.ask(call, Submitted)

    async def jobs(
        self, query: JobQuery | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        """Return a page of at most ``limit`` (up to 1000) jobs, newest first by default."""
        conditions = (query or JobQuery()).parameters()
        return await self._get("/jobs", JobPage, **conditions, limit=limit, cursor=cursor)

    async def iter_jobs(self, query: JobQuery | None = None) -> AsyncGenerator[JobView, None]:
        """Yield all jobs that match, page by page."""
        cursor = None
        while True:
            page = await self.jobs(query, limit=MOST_A_PAGE, cursor=cursor)
            for job in page.items:
                yield job
            cursor = page.next
            if cursor is None:
                return

    async def jobs_by_id(
        self, job_ids: Iterable[int], *, required: Collection[int] | None = None
    ) -> list[JobView]:
        """Return these jobs, in this order.

        Raises:
            JobNotFoundError: if one that is ``required`` (by default each) is not there.
        """
        wanted = list(job_ids)
        found: dict[int, JobView] = {}
        for start in range(0, len(wanted), MOST_IDS):
            query = JobQuery(id=wanted[start : start + MOST_IDS])
            found |= {job.id: job for job in (await self.jobs(query, limit=MOST_IDS)).items}
        missing = set(wanted if required is None else required) - found.keys()
        if missing:
            raise JobNotFoundError(min(missing))
        return [found[job_id] for job_id in wanted if job_id in found]

    async def explain(self, job_id: int) -> Explanation:
        """Return why a job waits."""
        return await self._get(f"/jobs/{job_id}/explain", Explanation)

    async def explain_all(self, job_ids: Sequence[int]) -> list[Explanation]:
        """Return why each of these jobs waits, in their order; 500 at a time are of one moment."""
        if len(job_ids) == 1:
            return [await self.explain(job_ids[0])]
        found: list[Explanation] = []
        for start in range(0, len(job_ids), MOST_IDS):
            ids = ",".join(map(str, job_ids[start : start + MOST_IDS]))
            found += (await self._get("/explanations", Explanations, id=ids)).items
        return found

    async def environment(self, job_id: int) -> dict[str, str]:
        """Return the variables that were submitted with a job; secrets are masked."""
        return (await self._get(f"/jobs/{job_id}/environment", Environment)).env

    async def history(self, job_id: int) -> list[EventView]:
        """Return everything that happened to a job, oldest first."""
        return (await self._get(f"/jobs/{job_id}/events", EventPage)).items

    async def wait(
        self,
        job_ids: Collection[int],
        *,
        until: str = "done",
        on_change: Callable[[JobView], None] | None = None,
    ) -> list[JobView]:
        """Wait until every job is in one of the states ``until``, or ended otherwise.

        There is no end to it but that; bound it with ``asyncio.timeout``.

        Args:
            job_ids: what to wait for.
            until: states and groups, with commas.
            on_change: told of each job as it is at first and at each change that is noticed.
        """
        if len(job_ids) == 1:
            return [await self._wait_for_one(*job_ids, until=until, on_change=on_change)]
        await self._wait_for_all(job_ids, until=until, on_change=on_change)
        return await self.jobs_by_id(job_ids)

    def changes(self, job_ids: Collection[int]) -> AsyncGenerator[JobView, None]:
        """Yield these jobs as they are, and again whenever one changes; never ends by itself.

        A server that goes away meanwhile is waited for.
        """
        return waiting.changes(
            self._transport, job_ids, list_jobs=self.jobs_by_id, pause_s=self._pause_s
        )

    async def events(
        self, *, on_open: Callable[[], None] | None = None, **query: str | int | None
    ) -> AsyncGenerator[EventView | streams.Missed, None]:
        """Yield what happens from now on, until the server shuts down.

        Args:
            on_open: told once the server records events for us: what is listed then misses none.
            query: ``job`` (ids with commas), ``batch``, ``user``, ``service``, ``after`` (an
                event's mark, or its seq).
        """
        async with streams.opened(self._transport, "/api/v1/events", dict(query)) as source:
            if on_open:
                on_open()
            async for event in streams.job_events(source):
                yield event

    async def _wait_for_one(
        self, job_id: int, *, until: str, on_change: Callable[[JobView], None] | None
    ) -> JobView:
        return await waiting.wait_for_one(
            self._transport, job_id, until=until, on_change=on_change, pause_s=self._pause_s
        )

    async def _wait_for_all(
        self,
        job_ids: Collection[int],
        *,
        until: str,
        on_change: Callable[[JobView], None] | None,
    ) -> None:
        states, missing = waiting.states_from(until), set(job_ids)
        if not missing:
            return
        async with aclosing(self.changes(job_ids)) as changes:
            async for job in changes:
                if on_change:
                    on_change(job)
                if waiting.is_settled(job, states):
                    missing.discard(job.id)
                if not missing:
                    return
