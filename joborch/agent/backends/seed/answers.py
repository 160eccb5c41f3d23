"""What the answers of a client of the original mean, in either generation.

Nothing is held in memory that the client decides the size of.
"""

from enum import StrEnum
from pathlib import Path

import httpx
import msgspec

from joborch.agent.threads import in_thread
from joborch.domain.errors import UnavailableError

MOST_TOLD = 64 * 1024


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
    """The client said no; it has not taken the job, and might take another."""


class UnfitError(ClientError):
    """The client takes no job at present, whichever it is."""


class Where(StrEnum):
    """Where the client says a job is."""

    PENDING = "pending"
    DONE = "done"
    """There is an archive."""
    ENDED = "ended"
    """It will not come to anything, and there is no archive to be retrieved the usual way."""
    UNKNOWN = "unknown"
    """The client does not know the id (any more)."""


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


async def where_by(answer: httpx.Response, *, shown: str) -> Where:
    """Read where the client, called ``shown``, says a job is; an archive is left to be read.

    Raises:
        ClientError: it says something that no client says.
    """
    if is_archive(answer):
        return Where.DONE
    if is_json(answer) and answer.is_success:
        return _word_of(await beginning(answer))
    if answer.status_code in _PENDING_CODES:
        return Where.PENDING
    if answer.status_code in _ENDED_CODES:
        return Where.ENDED
    if answer.status_code == 404:
        return Where.UNKNOWN
    raise ClientError(f"{shown} answered {answer.status_code} about a job")


def is_archive(answer: httpx.Response) -> bool:
    """Whether a job's files follow: all else that is a success is JSON."""
    return answer.status_code == 200 and not is_json(answer)


def is_json(answer: httpx.Response) -> bool:
    """Whether it says of itself that it is JSON."""
    return "json" in answer.headers.get("content-type", "")


async def beginning(answer: httpx.Response) -> bytes:
    """Read what fits into memory in any case; the rest stays unread."""
    said = b""
    async for piece in answer.aiter_bytes():
        said += piece
        if len(said) >= MOST_TOLD:
            break
    return said[:MOST_TOLD]


async def save(answer: httpx.Response, into: Path) -> None:
    """Write a body to a file that appears when it is complete."""
    part = into.with_name(f"{into.name}.part")
    with part.open("wb") as file:
        async for piece in answer.aiter_bytes(1 << 18):
            await in_thread(lambda piece=piece: file.write(piece))  # type: ignore[misc]  # bound now
    part.replace(into)


class _Told(msgspec.Struct):
    status: str = ""


def _word_of(said: bytes) -> Where:
    try:
        return _WHERE[msgspec.json.decode(said, type=_Told).status]
    except (msgspec.MsgspecError, KeyError) as error:
        raise ClientError(f"an answer cannot be read: {said[:100]!r}") from error
