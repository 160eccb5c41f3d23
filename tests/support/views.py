"""Answers of a server, with sensible defaults."""

import io
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from joborch.domain.states import JobState
from joborch.wire.events import EventView
from joborch.wire.jobs import (
    FileList,
    FileView,
    JobPage,
    JobView,
    ResultsView,
    Submitted,
    SubmittedJob,
)
from joborch.wire.services import Meta

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_job_view(job_id: int = 42, state: JobState = JobState.QUEUED, **changes: Any) -> JobView:
    """A job as the server shows it."""
    has_ended = state.is_terminal
    facts: dict[str, Any] = {
        "id": job_id,
        "batch": None,
        "array_index": None,
        "user_id": "1",
        "service": "example",
        "name": "dock",
        "state": state.value,
        "priority": 50,
        "attempt": 0 if state is JobState.QUEUED else 1,
        "max_attempts": 3,
        "agent": None if state is JobState.QUEUED else "compute-1",
        "tags": {},
        "submitted_at": NOON,
        "assigned_at": None,
        "started_at": None if state is JobState.QUEUED else NOON,
        "finished_at": NOON if has_ended else None,
        "held_at": None,
        "not_before": None,
        "cancel_requested_at": None,
        "time_limit_s": None,
        "exit_code": {JobState.COMPLETED: 0, JobState.FAILED: 1}.get(state),
        "signal": None,
        "reason": None,
        "results": None,
    }
    return JobView(**(facts | changes))


def a_page(*jobs: JobView) -> JobPage:
    """A page of jobs, and there are no others."""
    return JobPage(items=list(jobs), total=len(jobs))


def a_submission(*ids: int, batch: str | None = None, duplicate: bool = False) -> Submitted:
    """The answer to a submission."""
    return Submitted(
        service="example",
        user_id="1",
        batch=batch,
        jobs=[SubmittedJob(id=i, state="queued", duplicate=duplicate) for i in ids],
        files=1,
        size_bytes=112,
    )


def an_event(job_id: int, to_state: JobState, *, seq: int = 1, attempt: int = 1) -> EventView:
    """A job moved."""
    return EventView(
        seq=seq,
        job_id=job_id,
        attempt=attempt,
        event="move",
        from_state=None,
        to_state=to_state.value,
        actor="dispatch",
        at=NOON,
    )


def a_meta(*services: str, max_upload_bytes: int = 10**9) -> Meta:
    """What a server says of itself."""
    return Meta(
        version="0.1.0",
        started_at=NOON,
        compat="v1",
        auth="none",
        services=list(services),
        max_upload_bytes=max_upload_bytes,
        max_files=1000,
        retention_s=172800,
    )


def a_zip(**files: bytes) -> bytes:
    """An archive with these files; ``output_txt`` is called ``output.txt``."""
    return zip_of({name.replace("_", "."): data for name, data in files.items()})


def zip_of(files: dict[str, bytes]) -> bytes:
    """An archive with files of any name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def files_of(data: bytes) -> FileList:
    """What a server says is in this archive of results."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        items = [
            FileView(name=e.filename, size_bytes=e.file_size, kind="result", crc32=e.CRC)
            for e in archive.infolist()
        ]
    return FileList(items=items)


def results_of(data: bytes) -> ResultsView:
    """What a server says of these results."""
    return ResultsView(size_bytes=len(data), sha256=sha256(data).hexdigest())
