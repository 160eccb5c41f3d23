"""The ZIP of what an attempt left: its directory, its logs, and a note of how it ended."""

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from joborch.agent.attempts import Attempt
from joborch.agent.endings import Ending
from joborch.agent.threads import in_thread
from joborch.files.archive import Limits, pack
from joborch.files.names import RESERVED


async def pack_results(
    attempt: Attempt,
    ending: Ending,
    *,
    logs: Mapping[str, Path],
    agent_name: str,
    limits: Limits,
) -> Ending:
    """Pack the results and return the ending with their size and checksum.

    Raises:
        FileNotFoundError, NotADirectoryError: if the attempt's directory is not there any more.
        OSError: if there is no room for them; the attempt is as it was.
    """
    note = msgspec.json.format(msgspec.json.encode(_note(attempt, ending, agent_name)))
    # What is missing is no loss; what the job put in a log's place is to be listed as left out.
    written = {f"{stream}.log": path for stream, path in logs.items() if _is_there(path)}
    files: dict[str, Path | bytes] = {**written, "job.json": note}
    extra = {f"{RESERVED}/{name}": content for name, content in files.items()}
    work = partial(pack, attempt.work_dir, attempt.results_path, extra=extra, limits=limits)
    packed = await in_thread(work)
    return msgspec.structs.replace(
        ending, results_bytes=packed.size_bytes, results_sha256=packed.sha256
    )


def is_as_packed(attempt: Attempt, ending: Ending) -> bool:
    """Whether the archive is still what the ending says; reads all of it."""
    try:
        # Other jobs of this host may have put anything in its place.
        descriptor = os.open(attempt.results_path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as archive:
            return hashlib.file_digest(archive, "sha256").hexdigest() == ending.results_sha256
    except OSError:
        return False


def limits_for(max_results: int) -> Limits:
    """Return how much is packed where results may take so many bytes, not yet compressed."""
    return Limits(max_file_bytes=max_results, max_total_bytes=max_results)


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def _note(attempt: Attempt, ending: Ending, agent_name: str) -> dict[str, object]:
    lease = attempt.lease
    return {
        "schema": "joborch.result/1",
        "job_id": lease.job_id,
        "attempt": lease.attempt,
        "batch": lease.batch,
        "array_index": lease.array_index,
        "user_id": lease.user_id,
        "service": lease.service,
        "name": lease.name,
        "agent": agent_name,
        "outcome": ending.outcome,
        "exit_code": ending.exit_code,
        "signal": ending.signal,
        "reason": ending.reason,
        "started_at": _time(ending.started_at),
        "ended_at": _time(ending.ended_at),
    }


def _time(at: float | None) -> str | None:
    return (
        None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    )
