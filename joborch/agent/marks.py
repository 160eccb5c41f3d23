"""The highest attempt of each job that was ever started or settled here.

A message that was delayed or repeated may offer an attempt that is long over; the marks are what
keeps it from running twice. Each attempt appends one short line; now and then the file is rewritten
without the old ones, since no message is delayed for a month, or by twenty thousand jobs.
"""

import os
from pathlib import Path

from joborch.files.atomic import write_atomic
from joborch.process.clock import Clock

KEPT_DAYS = 30
KEPT_JOBS = 20_000
_DAY_S = 86400


class HighWaterMarks:
    """A file of marks, read whole at construction; damaged lines count as absent."""

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._marks = _read(path)
        self._file = -1
        self._compact()

    def allows(self, job_id: int, attempt: int) -> bool:
        """Whether this attempt is newer than every one that was started or settled here."""
        return attempt > self._marks.get(job_id, (0, 0))[0]

    def raise_to(self, job_id: int, attempt: int) -> None:
        """Note that an attempt is being started or settled; a lower one changes nothing."""
        if not self.allows(job_id, attempt):
            return
        mark = (attempt, self._today())
        os.write(self._file, _line(job_id, mark))
        self._marks[job_id] = mark
        if len(self._marks) > 2 * KEPT_JOBS:
            self._compact()

    def clear(self) -> None:
        """Forget everything: the server is another one, and counts its jobs from one again."""
        if self._marks:
            self._marks = {}
            self._compact()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _compact(self) -> None:
        oldest = self._today() - KEPT_DAYS
        recent = [(job_id, mark) for job_id, mark in self._marks.items() if mark[1] >= oldest]
        self._marks = dict(sorted(recent, key=lambda entry: entry[1][1])[-KEPT_JOBS:])
        write_atomic(self._path, b"".join(_line(*entry) for entry in self._marks.items()))
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def _today(self) -> int:
        return int(self._clock.now().timestamp() / _DAY_S)


def _line(job_id: int, mark: tuple[int, int]) -> bytes:
    return b"%d %d %d\n" % (job_id, *mark)


def _read(path: Path) -> dict[int, tuple[int, int]]:
    marks: dict[int, tuple[int, int]] = {}
    lines = path.read_bytes().splitlines() if path.exists() else []
    for line in lines:
        fields = line.split()
        if len(fields) != 3 or not all(field.isdigit() for field in fields):
            continue
        job_id, attempt, day = map(int, fields)
        if attempt > marks.get(job_id, (0, 0))[0]:
            marks[job_id] = (attempt, day)
    return marks
