"""What a client of the original can be asked.

Every call has time-outs; nothing is held in memory that the client decides the size of. Must not
know what is done with the answers.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from joborch.agent.backends.seed.addresses import Address
from joborch.agent.backends.seed.answers import (
    ClientError,
    NotSentError,
    RefusedError,
    SlowError,
    UnfitError,
    Where,
    beginning,
    is_archive,
    save,
    where_by,
)
from joborch.agent.backends.seed.breaker import Breaker
from joborch.client.upload import MultipartBody

CONNECT_S = 10.0
ANSWER_S = 60.0
"""For an answer to begin, and between two pieces of one."""
SUBMIT_S = 600.0
"""A client reads all that it was sent into memory, and writes it, before it answers."""
_ID = re.compile(rb'"id"\s*:\s*(\d{1,10})\s*[,}]')
_FROM_BETWEEN = frozenset({502, 503, 504})
"""What no client says, but a proxy that may have passed the request on."""
_ABOUT_THE_JOB = frozenset({400, 413, 422})
"""A client that answers a job with one of these may take the next. Any other refusal is its own."""


class Calls:
    """One client. All raise ClientError, and at once while the client is known to be away."""

    def __init__(self, address: Address, breaker: Breaker, *, answer_s: float = ANSWER_S) -> None:
        self.address = address
        self.breaker = breaker
        self._answer_s = answer_s
        timeout = httpx.Timeout(answer_s, connect=CONNECT_S)
        self._http = httpx.AsyncClient(timeout=timeout, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def submit(self, files: Mapping[str, Path | bytes], *, boundary: str) -> int:
        """Hand over a job and return the id that the client gave it.

        Raises:
            NotSentError, UnfitError, RefusedError: the client does not have the job.
            ClientError: whether it has is not known.
        """
        body = MultipartBody((), files, boundary=boundary)
        headers = {"Content-Type": body.content_type, "Content-Length": str(body.size_bytes)}
        timeout, shown = httpx.Timeout(SUBMIT_S, connect=CONNECT_S), self.address.shown
        async with self._answer(
            "POST", self.address.submit, content=body, headers=headers, timeout=timeout
        ) as answer:
            said = await beginning(answer)
            if answer.status_code in _FROM_BETWEEN:
                raise ClientError(f"somebody before {shown} answered {answer.status_code}")
            if answer.status_code in _ABOUT_THE_JOB:
                raise RefusedError(f"{shown} answered {answer.status_code} to a job")
            if not answer.is_success:
                self.breaker.failed(shown)
                raise UnfitError(f"{shown} answered {answer.status_code} to a job")
            # The rest of it is everything that was sent, each byte as a number. Nobody reads it.
            if not (found := _ID.search(said)) or int(found[1]) == 0:
                raise ClientError(f"{shown} answered without an id")
            return int(found[1])

    async def retrieve(self, job_id: int, into: Path, *, answer_s: float | None = None) -> Where:
        """Ask where a job is; if it is done, its archive is at ``into`` now, complete.

        Asked the first time after the job's end, a client packs the directory before it answers.
        """
        url = f"{self.address.retrieve}/{job_id}"
        timeout = httpx.Timeout(answer_s or self._answer_s, connect=CONNECT_S)
        async with self._answer("GET", url, timeout=timeout) as answer:
            where = await where_by(answer, shown=self.address.shown)
            if where is Where.DONE:
                await save(answer, into)
            return where

    async def has(self, job_id: int) -> bool:
        """Whether the client knows an id; nothing is fetched."""
        async with self._answer("GET", f"{self.address.retrieve}/{job_id}") as answer:
            if answer.status_code != 404 and answer.is_server_error:
                raise ClientError(f"{self.address.shown} answered {answer.status_code}")
            return answer.status_code != 404

    async def partial(self, job_id: int, into: Path) -> bool:
        """Fetch a job's directory as it is now; False if the client cannot do that."""
        async with self._answer("GET", f"{self.address.partial}/{job_id}") as answer:
            if is_there := is_archive(answer):
                await save(answer, into)
            return is_there

    async def kill(self, job_id: int) -> bool:
        """Ask for a job's end; False if the client cannot do that."""
        if self.address.kill is None:
            return False
        async with self._answer("POST", f"{self.address.kill}/{job_id}") as answer:
            return answer.is_success

    async def is_there(self) -> bool:
        """Whether the client answers at all."""
        try:
            async with self._answer("GET", f"{self.address.home}/", timeout=CONNECT_S):
                return True
        except ClientError:
            return False

    @contextlib.asynccontextmanager
    async def _answer(
        self, method: str, url: str, **request: object
    ) -> AsyncIterator[httpx.Response]:
        shown = self.address.shown
        if self.breaker.wait_s:
            raise NotSentError(f"{shown} did not answer, and is left alone for a while")
        try:
            async with self._http.stream(method, url, **request) as answer:  # type: ignore[arg-type]  # passed on as they came
                yield answer
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self.breaker.failed(shown)
            raise NotSentError(
                f"{shown} cannot be reached: {error or type(error).__name__}"
            ) from error
        except httpx.ReadTimeout as error:
            self.breaker.failed(shown)
            raise SlowError(f"{shown} did not answer in time") from error
        except httpx.HTTPError as error:
            self.breaker.failed(shown)
            raise ClientError(f"{shown} did not answer: {error or type(error).__name__}") from error
        self.breaker.succeeded(shown)
