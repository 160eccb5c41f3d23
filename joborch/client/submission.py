"""What to submit, as a value, and how it becomes a request."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from joborch.client.upload import MultipartBody, Progress, read_chunks
from joborch.domain.errors import InvalidRequestError
from joborch.domain.names import check_file_name
from joborch.domain.selectors import spelt

IDS_IN_A_FIELD = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Some files, one of them ``run.sh``, to be run for a user by a service.

    Whatever is None is left to the server's default.
    """

    service: str
    user_id: str
    files: Mapping[str, Path | bytes]
    """By their relative path in the job's directory; content as a file on disk or as bytes."""
    name: str | None = None
    priority: int | None = None
    """0 to 100, higher first."""
    array: str | None = None
    """``1-250``, ``0-100:5``, ``1,3,7``, each with ``%10``: one job an index."""
    tags: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    time_limit: timedelta | None = None
    max_attempts: int | None = None
    is_held: bool = False
    begin: datetime | None = None
    after: Sequence[int] = ()
    """Ids of jobs: none of its own starts before each of these has completed."""
    after_any: Sequence[int] = ()
    """The same, but however they end."""
    key: str | None = None
    """Submitting twice under one key makes the jobs once. None: a new key, for this call only."""

    def body(self, on_progress: Progress | None = None) -> MultipartBody:
        """Write the request's body, with every name checked.

        Raises:
            InvalidRequestError: naming every file that cannot be sent.
        """
        return MultipartBody(
            self._fields(),
            _checked(self.files),
            boundary=f"joborch-{os.urandom(16).hex()}",
            on_progress=on_progress,
        )

    def digest(self) -> str:
        """Return what tells it from a submission of anything else; all files are read.

        Its key is left out, and when it is to begin: ``2h`` is another moment each time.

        Raises:
            OSError: if a file cannot be read.
        """
        whole = hashlib.sha256()
        for name, value in sorted(self._fields()):
            if name != "begin":
                _take_in(whole, name.encode(), value.encode(errors="surrogateescape"))
        for name, content in sorted(self.files.items()):
            _take_in(whole, name.encode(errors="surrogateescape"), _digest_of(content))
        return whole.hexdigest()

    def _fields(self) -> list[tuple[str, str]]:
        single = {
            "service": self.service,
            "user_id": self.user_id,
            "name": self.name,
            "priority": self.priority,
            "array": self.array,
            "time_limit": f"{self.time_limit.total_seconds()}" if self.time_limit else None,
            "max_attempts": self.max_attempts,
            "hold": "yes" if self.is_held else None,
            "begin": self.begin.isoformat() if self.begin else None,
        }
        return [
            *((name, str(value)) for name, value in single.items() if value is not None),
            *(("tag", f"{key}={value}") for key, value in self.tags.items()),
            *(("env", f"{key}={value}") for key, value in self.env.items()),
            *(("after", text) for text in _spelt(self.after)),
            *(("after_any", text) for text in _spelt(self.after_any)),
        ]


def new_key() -> str:
    """Make an idempotency key that nobody has used."""
    return os.urandom(16).hex()


def _take_in(whole: "hashlib._Hash", *texts: bytes) -> None:
    """Add texts so that no others, of other lengths, would be the same."""
    for text in texts:
        whole.update(f"{len(text)}:".encode() + text)


def _digest_of(content: Path | bytes) -> bytes:
    if isinstance(content, bytes):
        return hashlib.sha256(content).digest()
    found = hashlib.sha256()
    for chunk in read_chunks(content):
        found.update(chunk)
    return found.digest()


def _spelt(ids: Sequence[int]) -> list[str]:
    """Write ids so that no field is longer than a server reads."""
    ordered = sorted(set(ids))
    return [
        spelt(ordered[start : start + IDS_IN_A_FIELD])
        for start in range(0, len(ordered), IDS_IN_A_FIELD)
    ]


def _checked(files: Mapping[str, Path | bytes]) -> dict[str, Path | bytes]:
    checked: dict[str, Path | bytes] = {}
    mistakes = [] if "run.sh" in files else ["there is no run.sh among the files"]
    for name, content in files.items():
        if isinstance(content, Path) and not content.is_file():
            mistakes.append(f"{content} is not a file")
        try:
            checked[check_file_name(name)] = content
        except ValueError as error:
            mistakes.append(str(error))
    if mistakes:
        raise InvalidRequestError(*mistakes)
    return checked
