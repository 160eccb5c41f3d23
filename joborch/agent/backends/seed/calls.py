"""What a client of the original can be asked, and what its answers mean in either generation.

Every call has time-outs; nothing is held in memory that the client decides the size of. Must not
know what is done with the answers.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from joborch.agent.backends.seed.breaker import Breaker
from joborch.agent.threads import in_thread
from joborch.client.upload import MultipartBody
from joborch.domain.errors import UnavailableError

CONNECT_S = 10.0
ANSWER_S = 60.0
"""For an answer to begin, and between two pieces of one."""
SUBMIT_S = 600.0
"""A client reads all that it was sent into memory, and writes it, before it answers."""
MOST_TOLD = 64 * 1024
_ID = re.compile(rb'"id"\s*:\s*(\d{1,10})\s*[,}]')


class ClientError(UnavailableError):
    """The client could not be asked, or gave no answer that can be used."""

    code = "seed_client"


class NotSentError(ClientError):
    """No connection came about: the client has certainly not seen the request."""


class SlowError(ClientError):
    """The client is there, but did not answer in time: one of the first generation may be busy.

    It runs jobs on the threads that it answers with.
    """


class RefusedError(ClientError):
    """The client said no; it has not taken the job."""


class Where(StrEnum):
    """Where the client says a job is."""

    PENDING = "pending"
    DONE = "done"
    """There is an archive."""
    ENDED = "ended"
    """It will not come to anything, and there is no archive to be retrieved the usual way."""
    UNKNOWN = "unknown"
    """The client does not know the id (any more)."""


@dataclass(frozen=True, slots=True)
class Address:
    """The URLs of one client."""

    submit: str
    retrieve: str
    kill: str | None = None

    @property
    def partial(self) -> str:
        """Where a directory can be had as it is now; only the second generation has that."""
        return f"{self.home}/retrieve_partial"

    @property
    def home(self) -> str:
        """Where every generation says pong."""
        return self.retrieve.rpartition("/")[0]

    @property
    def shown(self) -> str:
        """What people call it."""
        return urlsplit(self.submit).netloc


def address_of(url: str) -> Address:
    """Return the usual URLs of the client at ``url``."""
    base = url.rstrip("/")
    return Address(submit=f"{base}/submit", retrieve=f"{base}/retrieve", kill=f"{base}/kill")


_WHERE = {
    "Queued": Where.PENDING,
    "Processing": Where.PENDING,
    "Submitted": Where.PENDING,
    "Prepared": Where.PENDING,
    "Pending": Where.PENDING,
    "Running": Where.PENDING,
    "Locked": Where.PENDING,
    "Completed": Where.PENDING,
    "Failed": Where.ENDED,
    "Invalid": Where.ENDED,
    "Killed": Where.ENDED,
    "Cleaned": Where.ENDED,
    "Unknown": Where.ENDED,
}
"""By the word in an answer that is JSON; a completed job is one whose archive comes instead."""
_PENDING_CODES = frozenset({201, 202})
_ENDED_CODES = frozenset({204, 400, 410})
_FROM_BETWEEN = frozenset({502, 503, 504})
"""What no client says, but a proxy that may have passed the request on."""


class _Told(msgspec.Struct):
    status: str = ""


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
            NotSentError, RefusedError: the client does not have the job.
            ClientError: whether it has is not known.
        """
        body = MultipartBody((), files, boundary=boundary)
        headers = {"Content-Type": body.content_type, "Content-Length": str(body.size_bytes)}
        timeout, shown = httpx.Timeout(SUBMIT_S, connect=CONNECT_S), self.address.shown
        async with self._answer(
            "POST", self.address.submit, content=body, headers=headers, timeout=timeout
        ) as answer:
            said = await _beginning(answer)
            if answer.status_code in _FROM_BETWEEN:
                raise ClientError(f"somebody before {shown} answered {answer.status_code}")
            if not answer.is_success:
                raise RefusedError(f"{shown} answered {answer.status_code} to a job")
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
            if answer.status_code == 200 and not _is_json(answer):
                await _save(answer, into)
                return Where.DONE
            if _is_json(answer) and answer.is_success:
                return _where(await _beginning(answer))
            if answer.status_code in _PENDING_CODES:
                return Where.PENDING
            if answer.status_code in _ENDED_CODES:
                return Where.ENDED
            if answer.status_code == 404:
                return Where.UNKNOWN
            raise ClientError(f"{self.address.shown} answered {answer.status_code} about a job")

    async def has(self, job_id: int) -> bool:
        """Whether the client knows an id; nothing is fetched."""
        async with self._answer("GET", f"{self.address.retrieve}/{job_id}") as answer:
            if answer.status_code != 404 and answer.is_server_error:
                raise ClientError(f"{self.address.shown} answered {answer.status_code}")
            return answer.status_code != 404

    async def partial(self, job_id: int, into: Path) -> bool:
        """Fetch a job's directory as it is now; False if the client cannot do that."""
        async with self._answer("GET", f"{self.address.partial}/{job_id}") as answer:
            if answer.status_code != 200 or _is_json(answer):
                return False
            await _save(answer, into)
            return True

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


def _is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers.get("content-type", "")


def _where(said: bytes) -> Where:
    try:
        return _WHERE[msgspec.json.decode(said, type=_Told).status]
    except (msgspec.MsgspecError, KeyError) as error:
        raise ClientError(f"an answer cannot be read: {said[:100]!r}") from error


async def _beginning(answer: httpx.Response) -> bytes:
    said = b""
    async for piece in answer.aiter_bytes():
        said += piece
        if len(said) >= MOST_TOLD:
            break
    return said[:MOST_TOLD]


async def _save(answer: httpx.Response, into: Path) -> None:
    """Write a body to a file that appears when it is complete."""
    part = into.with_name(f"{into.name}.part")
    with part.open("wb") as file:
        async for piece in answer.aiter_bytes(1 << 18):
            await in_thread(lambda piece=piece: file.write(piece))  # type: ignore[misc]  # bound now
    part.replace(into)
