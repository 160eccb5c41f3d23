"""The jobs that an original server has handed over, as they lie on disk.

::

    last-id              of the newest job; ids are never used twice
    staging/…            uploads that are still coming in
    jobs/7/record.json   what is known of job 7
    jobs/7/files/…       what was uploaded, until it has ended
    jobs/7/results.zip   what it left, until it is cleaned

Unlike an agent's attempts, of which the joborch server knows as well, these exist nowhere else: the
original's server will never send them again. So everything here is flushed.
"""

import asyncio
import os
import shutil
from pathlib import Path

import msgspec

from joborch.files.atomic import fsync_directory, publish, write_atomic
from joborch.files.staging import Staged
from joborch.wire.agents import InlineFile, Report

LARGEST_ID = 2**32 - 1


class Record(msgspec.Struct, kw_only=True, frozen=True):
    """One job. Times are seconds since the epoch."""

    job_id: int
    files: list[InlineFile]
    """Names and sizes; the data is on the shelf."""
    received_at: float
    attempt: int = 0
    """The newest that was given to the agent; 0 before the first."""
    losses: int = 0
    """How many attempts came to nothing through no fault of the job."""
    is_waiting: bool = True
    """Whether it has yet to be given to the agent, again perhaps."""
    is_killed: bool = False
    """Whether its end was asked for."""
    outcome: str | None = None
    """How it ended, as an agent reports it."""
    reason: str | None = None
    finished_at: float | None = None
    results_bytes: int | None = None
    cleaned_at: float | None = None


class Shelf:
    """The directory; one process at a time uses it. Raises OSError when the disk fails."""

    def __init__(self, directory: Path) -> None:
        self._root = directory
        self._jobs = directory / "jobs"
        self._staging = directory / "staging"
        shutil.rmtree(self._staging, ignore_errors=True)
        for folder in (self._root, self._jobs, self._staging):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.last_id = self._read_last_id()
        """The newest id that was given."""

    def records(self) -> list[Record]:
        """Load what earlier processes left, oldest job first.

        A job that was never answered for is removed: whoever sent it knows that it failed.
        """
        found = []
        for folder in self._jobs.iterdir():
            try:
                data = (folder / "record.json").read_bytes()
                found.append(msgspec.json.decode(data, type=Record))
            except FileNotFoundError:
                shutil.rmtree(folder)
        return sorted(found, key=lambda record: record.job_id)

    async def stage(self) -> Staged:
        """Begin an upload."""
        folder = self._staging / os.urandom(8).hex()
        await asyncio.to_thread(folder.mkdir, 0o700)
        return Staged(folder)

    def publish(self, staged: Staged, *, now: float) -> Record:
        """Give an upload an id; when this returns, the job survives a power cut."""
        job_id = self._next_id()
        files = [InlineFile(name=name, size_bytes=size) for name, size in staged.names.items()]
        record = Record(job_id=job_id, files=files, received_at=now)
        staged.flush()
        self.folder(job_id).mkdir(mode=0o700)
        staged.directory.rename(self.files(job_id))
        self.save(record)
        fsync_directory(self._jobs)
        return record

    def save(self, record: Record) -> None:
        """Replace what is known of a job; it survives a power cut once this returns."""
        path = self.folder(record.job_id) / "record.json"
        write_atomic(path, msgspec.json.encode(record), durable=True)

    def drop_files(self, job_id: int) -> None:
        """Remove what was uploaded: the job has ended."""
        shutil.rmtree(self.files(job_id), ignore_errors=True)

    def copy_input(self, job_id: int, name: str, into: Path) -> None:
        """Copy an uploaded file; ``into`` appears complete."""
        part = into.with_name(f"{into.name}.part")
        shutil.copyfile(self.files(job_id) / name, part)
        part.replace(into)

    def take_results(self, job_id: int, attempt: int, archive: Path) -> None:
        """Take over an archive, of which its owner will remove only the name."""
        taken = self._taken(job_id, attempt)
        taken.unlink(missing_ok=True)
        taken.hardlink_to(archive)

    def keep_results(self, report: Report) -> bool:
        """Put what an attempt left into its place, for good; False if it has not arrived."""
        if report.results is None:
            return True
        final = self.results(report.job_id)
        if report.results.data is not None:
            write_atomic(final, report.results.data, durable=True)
            return True
        taken = self._taken(report.job_id, report.attempt)
        try:
            if taken.stat().st_size != report.results.size_bytes:
                return False
        except FileNotFoundError:
            return False
        publish(taken, final)
        return True

    def remove_results(self, job_id: int) -> None:
        """Remove what a job left. Downloads that have begun go on: they hold the open file."""
        self.results(job_id).unlink(missing_ok=True)

    def forget(self, job_id: int) -> None:
        """Remove all of a job. Its id is not given to another."""
        (self.folder(job_id) / "record.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder(job_id), ignore_errors=True)

    def folder(self, job_id: int) -> Path:
        """Return where everything of a job is."""
        return self._jobs / str(job_id)

    def files(self, job_id: int) -> Path:
        """Return where a job's uploaded files are."""
        return self.folder(job_id) / "files"

    def results(self, job_id: int) -> Path:
        """Return where a job's results are, or will be."""
        return self.folder(job_id) / "results.zip"

    def _taken(self, job_id: int, attempt: int) -> Path:
        return self.folder(job_id) / f"results-{attempt}.zip"

    def _next_id(self) -> int:
        if self.last_id >= LARGEST_ID:
            raise OSError(f"all {LARGEST_ID} ids have been used")
        self.last_id += 1
        write_atomic(self._root / "last-id", f"{self.last_id}\n".encode(), durable=True)
        return self.last_id

    def _read_last_id(self) -> int:
        """Return the newest id, also if the note of it is lost but its job is not."""
        taken = [int(folder.name) for folder in self._jobs.iterdir() if folder.name.isdigit()]
        try:
            noted = int((self._root / "last-id").read_text())
        except FileNotFoundError:
            noted = 0
        return max([noted, *taken])
