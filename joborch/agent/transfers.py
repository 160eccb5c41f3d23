"""Moving an attempt's large files: inputs that did not fit into the lease, results into a report.

A few at a time, and again and again while the server is away.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from joborch.agent.attempts import Attempt
from joborch.agent.backoff import BackOff
from joborch.agent.link import ServerLink
from joborch.agent.payload import is_there, move_in
from joborch.domain.errors import (
    AgentNotFoundError,
    ConflictError,
    DiskFullError,
    JoborchError,
    NotAllowedError,
    NotFoundError,
    RequestError,
    UnavailableError,
)
from joborch.wire.agents import INLINE_BYTES, InlineFile

logger = logging.getLogger(__name__)

AT_ONCE = 4
PASSING = (UnavailableError, NotAllowedError, AgentNotFoundError)
"""Worth another try: the server is away, or the agent is about to enrol again."""


class PayloadGoneError(NotFoundError):
    """The server has no such file (any more), so no agent can ever run the job."""

    code = "payload_gone"


class GivenUpError(UnavailableError):
    """The server was away for longer than there is sense in trying."""

    code = "given_up"


class Transfers:
    """Fetches and uploads for all attempts of an agent."""

    def __init__(self, link: ServerLink) -> None:
        self._link = link
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.inline_bytes = INLINE_BYTES
        """Results up to this size travel in the report; the server says how much."""

    async def fetch_inputs(self, attempt: Attempt, *, has_sense: Callable[[], bool]) -> None:
        """Fetch the files that did not come with the lease and are not there yet.

        Raises:
            PayloadGoneError: if the server does not have one.
            GivenUpError: if the server is away and trying has no sense any more.
            InvalidPayloadError: if a name is not allowed.
            OSError: for want of space, and the like.
        """
        for file in attempt.lease.files:
            if not is_there(attempt.work_dir, file.name):
                await self._fetch(attempt, file, has_sense)

    async def upload_results(self, attempt: Attempt) -> None:
        """Upload the results; those that are at the server already are not sent again.

        Raises:
            JoborchError: if the server does not want them.
        """
        lease = attempt.lease

        async def upload() -> None:
            await self._link.upload_results(
                lease.job_id, lease.attempt, lease.token, attempt.results_path
            )

        await self._until_done(upload, has_sense=lambda: True)

    async def _fetch(
        self, attempt: Attempt, file: InlineFile, has_sense: Callable[[], bool]
    ) -> None:
        fetched = attempt.folder / "fetched"

        async def fetch() -> None:
            await self._link.fetch_payload_file(
                attempt.lease.payload_id, file.name, fetched, size_bytes=file.size_bytes
            )

        try:
            await self._until_done(fetch, has_sense=has_sense)
        except NotFoundError as error:
            raise PayloadGoneError(f"the server has no {file.name!r}: {error}") from error
        move_in(attempt.work_dir, file.name, fetched)

    async def _until_done(
        self, transfer: Callable[[], Awaitable[None]], *, has_sense: Callable[[], bool]
    ) -> None:
        back_off = BackOff()
        while True:
            try:
                async with self._turns:
                    return await transfer()
            except JoborchError as error:
                if not is_passing(error):
                    raise
                if not has_sense():
                    raise GivenUpError(str(error)) from error
                level = logging.WARNING if isinstance(error, DiskFullError) else logging.DEBUG
                logger.log(level, "transfer broke off", extra={"error": str(error)})
            await back_off.pause()


def is_passing(error: JoborchError) -> bool:
    """Whether another try may succeed.

    So it is with a refusal that names no reason of ours: the body took too long, as on a host that
    slept, or the rest of an earlier upload came in between.
    """
    return isinstance(error, PASSING) or type(error) in {ConflictError, RequestError}
