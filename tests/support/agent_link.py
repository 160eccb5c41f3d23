"""A server for an agent, as scripted by a test: it gives answers and remembers what it heard."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from joborch.domain.errors import JoborchError, NotFoundError, ServerUnreachableError
from joborch.wire.agents import (
    Enrolled,
    Enrolment,
    InlineFile,
    Lease,
    Poll,
    PollAnswer,
    Report,
    Reported,
    Started,
)
from joborch.wire.events import LogChunk
from tests.support.waiting import async_wait_until

AWAY = ServerUnreachableError("the test says that the server is away")


class ScriptedLink:
    """Speaks like an AgentLink. Polls are answered with what `give` was given, in order."""

    def __init__(self, *, inline_bytes: int = 256 * 1024) -> None:
        self.inline_bytes = inline_bytes
        self.agent_id = "a-1"
        self.enrolments: list[Enrolment] = []
        self.polls: list[Poll] = []
        self.notices: list[list[Started]] = []
        self.reports: list[Report] = []
        """All that arrived, acknowledged or not."""
        self.requests = 0
        """Of reports."""
        self.logs: list[LogChunk] = []
        self.uploads: dict[tuple[int, int], bytes] = {}
        self.snapshots: dict[str, bytes] = {}
        self.refused: list[str] = []
        self.files: dict[tuple[str, str], bytes] = {}
        self.followed: set[int] = set()
        self.failures: dict[str, list[JoborchError]] = {}
        """What the next calls of a method are to raise, after they have arrived."""
        self.disposition: Callable[[Report], str] = lambda report: "recorded"
        self._answers: asyncio.Queue[PollAnswer | JoborchError] = asyncio.Queue()
        self._is_told = False

    def give(self, answer: PollAnswer | JoborchError) -> None:
        self._answers.put_nowait(answer)

    def lease(self, *leases: Lease) -> None:
        self.give(PollAnswer(leases=list(leases)))

    def follow(self, *job_ids: int, tap: int = 1) -> None:
        self.followed = set(job_ids)
        self.give(PollAnswer(follow=dict.fromkeys(job_ids, tap)))

    def fail(self, method: str, *errors: JoborchError) -> None:
        self.failures.setdefault(method, []).extend(errors)

    async def reported(self, job_id: int) -> Report:
        """Wait for the first report of a job."""

        def find() -> Report | None:
            return next((r for r in self.reports if r.job_id == job_id), None)

        report = await async_wait_until(find, describe=lambda: self.reports)
        assert report is not None
        return report

    async def polled(self, count: int) -> Poll:
        """Wait until so many polls have arrived, and return the newest."""
        await async_wait_until(lambda: len(self.polls) >= count, describe=lambda: self.polls)
        return self.polls[-1]

    def log_of(self, job_id: int, stream: str = "stdout") -> bytes:
        log = bytearray()
        for chunk in self.logs:
            if (chunk.job_id, chunk.stream) == (job_id, stream):
                log[chunk.offset :] = chunk.data
        return bytes(log)

    async def enrol(self, enrolment: Enrolment) -> Enrolled:
        self.enrolments.append(enrolment)
        self._fail_if_told("enrol")
        return Enrolled(
            agent_id=self.agent_id, key="key", poll_s=25, inline_bytes=self.inline_bytes
        )

    async def poll(self, poll: Poll) -> PollAnswer:
        self.polls.append(poll)
        if poll.draining and not self._is_told:
            self._is_told = True
            return PollAnswer()
        answer = await self._answers.get()
        if isinstance(answer, JoborchError):
            raise answer
        return answer

    async def started(self, notices: Sequence[Started]) -> None:
        self.notices.append(list(notices))
        self._fail_if_told("started")

    async def report(self, reports: Sequence[Report]) -> list[Reported]:
        self.requests += 1
        self.reports += reports
        self._fail_if_told("report")
        return [
            Reported(job_id=r.job_id, attempt=r.attempt, disposition=self.disposition(r))
            for r in reports
        ]

    async def send_logs(self, chunks: Sequence[LogChunk]) -> list[int]:
        self._fail_if_told("send_logs")
        self.logs += chunks
        return sorted(self.followed)

    async def fetch_payload_file(
        self, payload_id: str, name: str, into: Path, *, size_bytes: int | None = None
    ) -> None:
        self._fail_if_told("fetch_payload_file")
        if (payload_id, name) not in self.files:
            raise NotFoundError(f"no {name}")
        into.write_bytes(self.files[payload_id, name])

    async def upload_results(self, job_id: int, attempt: int, token: str, archive: Path) -> None:
        self._fail_if_told("upload_results")
        self.uploads[job_id, attempt] = archive.read_bytes()

    async def send_snapshot(self, request_id: str, archive: Path) -> None:
        self.snapshots[request_id] = archive.read_bytes()

    async def refuse_snapshot(self, request_id: str) -> None:
        self.refused.append(request_id)

    def _fail_if_told(self, method: str) -> None:
        if self.failures.get(method):
            raise self.failures[method].pop(0)


def a_file(name: str, data: bytes | str | None) -> InlineFile:
    content = data.encode() if isinstance(data, str) else data
    return InlineFile(name=name, size_bytes=len(content or b""), data=content)


def a_lease(
    script: str | None = "true",
    *,
    job_id: int = 7,
    attempt: int = 1,
    files: Sequence[InlineFile] = (),
    token: str = "token",
    env: dict[str, str] | None = None,
    time_limit_s: float | None = None,
    lost_after_s: float = 900,
) -> Lease:
    scripts = [] if script is None else [a_file("run.sh", script)]
    return Lease(
        job_id=job_id,
        attempt=attempt,
        token=token,
        user_id="alice",
        service="example",
        name="a job",
        payload_id="p-1",
        files=[*scripts, *files],
        env=env or {},
        time_limit_s=time_limit_s,
        lost_after_s=lost_after_s,
    )
