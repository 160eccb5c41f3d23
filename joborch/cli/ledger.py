"""The ledger of a submission of many: which item became which job, on disk before it is believed.

A file of JSON, one object a line, that is only ever appended to::

    {"ledger": 1, "server": "http://orch:5000"}
    {"item": "in/a.pdb", "key": "9f…", "user": "ann", "begin": null, "digest": "3c…"}   before
    {"item": "in/a.pdb", "id": 1207}                                          after it was sent

Each line is flushed to the disk before anything else happens. A process that dies between the two
lines of an item leaves its key; sending it again under that key makes no second job. A line that
is torn, at the end, is taken away: nothing was sent yet, or the key says what was. By its digest an
item is known to be what was sent; those of older ledgers have none, and are believed.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from joborch.cli.exits import UsageError
from joborch.client import Submission
from joborch.client.submission import new_key
from joborch.domain.errors import ConflictError


class ChangedError(ConflictError):
    """An item became a job, and would be another one now."""

    code = "changed_item"

    def __init__(self, message: str) -> None:
        super().__init__(
            message, hint="submit it with a new ledger, or take its lines out of this one"
        )


@dataclass(slots=True)
class Entry:
    """What is known of one item."""

    key: str
    user_id: str
    begin: datetime | None
    job_id: int | None = None
    digest: str | None = None
    """Of what was sent; None: it was not written down then."""


@dataclass(slots=True)
class Ledger:
    """What was sent to one server; kept in memory, and in a file if it has one."""

    server: str
    entries: dict[str, Entry] = field(default_factory=dict)
    file: int | None = None
    """Open for appending."""

    def job_id(self, item: str) -> int | None:
        """Return the job that an item became, as far as it is known here."""
        entry = self.entries.get(item)
        return entry.job_id if entry else None

    def known(self, item: str, submission: Submission, digest: str) -> int | None:
        """Return the job that an item became, as long as it would become the same again.

        Raises:
            ChangedError: if it would not.
        """
        entry = self.entries.get(item)
        if entry is None or entry.job_id is None:
            return None
        _demand_user(entry, submission.user_id)
        if entry.digest not in {None, digest}:
            raise ChangedError("changed since it was submitted")
        return entry.job_id

    def begin(self, item: str, submission: Submission, digest: str | None = None) -> Submission:
        """Note that an item is going to be sent, and return what to send: what was sent before.

        If that was something else, it is for the server to say whether it had come to that.

        Raises:
            ChangedError: if it was sent for another user, whose key would not be recognised.
            OSError: if it cannot be written down; then it must not be sent.
        """
        entry = self.entries.get(item)
        if entry is None:
            key = submission.key or new_key()
            entry = Entry(
                key=key, user_id=submission.user_id, begin=submission.begin, digest=digest
            )
            self._append(_begun(item, entry))
            self.entries[item] = entry
        _demand_user(entry, submission.user_id)
        if entry.digest != digest:
            entry.digest = digest
            self._append(_begun(item, entry))
        return replace(submission, key=entry.key, begin=entry.begin)

    def end(self, item: str, job_id: int) -> None:
        """Note which job it is."""
        self.entries[item].job_id = job_id
        self._append({"item": item, "id": job_id})

    def save(self, path: Path) -> None:
        """Write all of it into a new file."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with kept(path, self.server) as copy:
            for item, entry in self.entries.items():
                copy._append(_begun(item, entry))
                if entry.job_id is not None:
                    copy._append({"item": item, "id": entry.job_id})

    def _append(self, line: dict[str, object]) -> None:
        if self.file is not None:
            append(self.file, line)


@contextmanager
def kept(path: Path, server: str) -> Iterator[Ledger]:
    """Open a ledger, or begin one; nobody else can have it meanwhile.

    Raises:
        ConflictError: if another process has it.
        UsageError: if the file is no ledger, or one of another server.
    """
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(f"another joborch is submitting with {path}") from None
        ledger = seen(path, server)
        whole = path.read_bytes().rfind(b"\n") + 1
        os.ftruncate(file, whole)
        if not whole:
            append(file, {"ledger": 1, "server": server})
            _flush_directory(path.parent)
        ledger.file = file
        yield ledger
    finally:
        os.close(file)


def seen(path: Path, server: str) -> Ledger:
    """Read a ledger without keeping it; an empty one if there is no file.

    Raises:
        UsageError: if the file is no ledger, or one of another server.
    """
    ledger = Ledger(server)
    data = path.read_bytes() if path.exists() else b""
    *lines, torn = data.split(b"\n")
    if torn and not torn.startswith(b"{"):
        raise UsageError(f"{path} is no ledger of joborch")
    for number, line in enumerate(lines, 1):
        try:
            _take(ledger, json.loads(line), is_first=number == 1)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(f"{path} line {number} is not a line of a ledger") from None
    return ledger


def append(file: int, line: dict[str, object]) -> None:
    """Write a line and flush it to the disk; a line that does not fit is taken back.

    Raises:
        OSError: if that fails; the file is as it was.
    """
    before = os.fstat(file).st_size
    data = json.dumps(line).encode() + b"\n"
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, before)
        raise


def _take(ledger: Ledger, line: dict[str, Any], *, is_first: bool) -> None:
    if is_first:
        if line["ledger"] != 1:
            raise ValueError("another kind of ledger")
        if line["server"] != ledger.server:
            raise UsageError(f"the ledger is about {line['server']}, not about {ledger.server}")
    elif "id" in line:
        ledger.entries[line["item"]].job_id = int(line["id"])
    else:
        begin = datetime.fromisoformat(line["begin"]) if line["begin"] else None
        ledger.entries[line["item"]] = Entry(
            key=line["key"], user_id=line["user"], begin=begin, digest=line.get("digest")
        )


def _begun(item: str, entry: Entry) -> dict[str, object]:
    begin = entry.begin.isoformat() if entry.begin else None
    return {
        "item": item,
        "key": entry.key,
        "user": entry.user_id,
        "begin": begin,
        "digest": entry.digest,
    }


def _demand_user(entry: Entry, user_id: str) -> None:
    if entry.user_id != user_id:
        raise ChangedError(f"the ledger has it for user {entry.user_id}")


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
