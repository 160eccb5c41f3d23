"""An agent's line to its server: every call an agent makes, in MessagePack.

Only one try each, except where repeating is harmless: when to try again is the agent's to decide,
which keeps what it has to say until it is answered.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from joborch.client.results import Source, download
from joborch.client.transport import MSGPACK, Call, Content, Transport, segment
from joborch.client.upload import in_thread, read_chunks
from joborch.domain.errors import ConflictError, UnavailableError
from joborch.wire.agents import (
    Enrolled,
    Enrolment,
    Poll,
    PollAnswer,
    Report,
    Reported,
    Started,
    UploadState,
)
from joborch.wire.events import LogChunk

POLL_S = 25.0
POLL_MARGIN_S = (2.0, 15.0)
"""At least and at most; in between, as long again as a poll is held. A dead connection has to be
given up before the leases that it was to renew."""
UPLOAD_S = 120.0
"""An upload is answered once it is safe on the server's disk."""


class AgentLink:
    """Speaks for one agent. Use it as ``async with AgentLink(server) as link``.

    All methods raise domain errors: ``UnavailableError`` means "try again", ``SupersededError``
    "another process took over", ``NotAllowedError`` and ``AgentNotFoundError`` "enrol again".
    """

    def __init__(self, server: str, *, transport: Transport | None = None) -> None:
        self._transport = transport or Transport(server, codec=MSGPACK)
        self._base = ""
        self._poll_s = POLL_S

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def enrol(self, enrolment: Enrolment) -> Enrolled:
        """Introduce the agent; its id and key are used for all calls from now on."""
        call = self._call("POST", "/api/v1/agents/enrol", enrolment)
        enrolled = await self._transport.ask(call, Enrolled)
        self._base = f"/api/v1/agents/{enrolled.agent_id}"
        self._poll_s = enrolled.poll_s
        self._transport.headers["Authorization"] = f"Bearer {enrolled.key}"
        return enrolled

    async def poll(self, poll: Poll) -> PollAnswer:
        """Ask for work; the answer takes up to 25 s when there is none."""
        hold_s = self._poll_s
        least, most = POLL_MARGIN_S
        read_s = hold_s + min(max(hold_s, least), most)
        said = msgspec.structs.replace(poll, hold_s=hold_s)
        call = self._call("POST", "/poll", said, read_s=read_s)
        return await self._transport.ask(call, PollAnswer)

    async def started(self, notices: Sequence[Started]) -> None:
        """Tell which attempts have started."""
        await self._transport.tell(self._call("POST", "/started", notices, is_repeatable=True))

    async def report(self, reports: Sequence[Report]) -> list[Reported]:
        """Tell how attempts ended; what is answered is durable and may be forgotten here."""
        call = self._call("POST", "/reports", reports, is_repeatable=True, read_s=UPLOAD_S)
        return await self._transport.ask(call, list[Reported])

    async def send_logs(self, chunks: Sequence[LogChunk]) -> list[int]:
        """Send pieces of logs and return the jobs that are still followed."""
        return await self._transport.ask(self._call("POST", "/logs", chunks), list[int])

    async def fetch_payload_file(
        self, payload_id: str, name: str, into: Path, *, size_bytes: int | None = None
    ) -> None:
        """Download one file of a payload to the path ``into``, resuming what is there of it.

        ``into`` appears by rename, complete.
        """
        path = f"{self._home}/payloads/{segment(payload_id)}/{segment(name)}"
        is_resumable = size_bytes is not None
        source = Source(path=path, size_bytes=size_bytes, is_resumable=is_resumable)
        await download(self._transport, source, into)

    async def upload_results(self, job_id: int, attempt: int, token: str, archive: Path) -> None:
        """Upload the results of an attempt from where an earlier upload broke off.

        Returns once all bytes are at the server; they count only with the report that names them.
        """
        path = f"{self._home}/results/{job_id}/{attempt}"
        headers = {"Lease-Token": token}
        size_bytes = _size(archive)
        state = await self._upload_state(path, headers)
        if state.offset == size_bytes:
            return
        try:
            await self._put(path, archive, headers=headers, offset=state.offset)
        except ConflictError as error:
            if type(error) is not ConflictError:
                raise
            state = await self._upload_state(path, headers)
            await self._put(path, archive, headers=headers, offset=state.offset)

    async def send_snapshot(self, request_id: str, archive: Path) -> None:
        """Upload a ZIP of a running attempt's directory for whoever asked for it."""
        await self._put(f"{self._home}/snapshots/{segment(request_id)}", archive)

    async def refuse_snapshot(self, request_id: str) -> None:
        """Say that there is no such attempt here."""
        await self._transport.tell(
            self._call("DELETE", f"/snapshots/{segment(request_id)}", is_repeatable=True)
        )

    @property
    def _home(self) -> str:
        """Where this agent's own calls go.

        Raises:
            UnavailableError: the agent has not enrolled yet; nobody was asked anything.
        """
        if not self._base:
            raise UnavailableError("the agent has not enrolled yet")
        return self._base

    async def _upload_state(self, path: str, headers: dict[str, str]) -> UploadState:
        call = Call(method="GET", path=path, headers=headers, is_repeatable=True)
        return await self._transport.ask(call, UploadState)

    async def _put(
        self, path: str, archive: Path, *, headers: dict[str, str] | None = None, offset: int = 0
    ) -> None:
        size_bytes = _size(archive) - offset

        def content() -> Content:
            return in_thread(read_chunks(archive, offset=offset, size_bytes=size_bytes))

        call = Call(
            method="PUT",
            path=path,
            query={"offset": offset} if headers else None,
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Length": str(size_bytes),
                **(headers or {}),
            },
            content=content,
            read_s=UPLOAD_S,
        )
        await self._transport.tell(call)

    def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        is_repeatable: bool = False,
        read_s: float | None = None,
    ) -> Call:
        codec = self._transport.codec
        return Call(
            method=method,
            path=path if path.startswith("/api/") else self._home + path,
            headers={"Content-Type": codec.media_type} if body is not None else None,
            content=(lambda: codec.encode(body)) if body is not None else None,
            is_repeatable=is_repeatable,
            read_s=read_s,
        )


def _size(archive: Path) -> int:
    return archive.stat().st_size
