"""The command line that submits a job like one there is."""

import shlex
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Protocol

from joborch.client.wrapping import unwrapped
from joborch.domain.durations import format_duration
from joborch.domain.errors import ConflictError, NotFoundError, ResultsGoneError, ServerBrokenError
from joborch.domain.states import JobState
from joborch.wire.jobs import FileList, JobView

USUAL_PRIORITY = 50
SCRIPT = "run.sh"
MASK = "***"
"""What the server tells in place of a secret."""
MOST_BYTES = 1 << 16
"""A longer script is not read: no command line that a person repeats is so long."""


class Source(Protocol):
    """What is asked, of a server, about a job."""

    async def environment(self, job_id: int) -> dict[str, str]:
        """Return the variables that were submitted with a job; secrets are masked."""

    def read_file(
        self, job_id: int, name: str, *, kind: str = "result"
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open one file of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """How a job is made once more, where its files are."""

    job: JobView
    files: FileList
    env: Mapping[str, str] | None = None
    """None: the server does not tell."""
    command: Sequence[str] | None = None
    """The command line that was submitted in the place of a script."""

    @property
    def line(self) -> str:
        """Write the command line; a secret's value is taken from where it is run.

        ``joborch retry ID`` needs no files, but makes the job again as it was.
        """
        job = self.job
        words = ["joborch", "submit", "-s", job.service, "-n", job.name]
        if job.priority != USUAL_PRIORITY:
            words += ["-p", str(job.priority)]
        for key, value in job.tags.items():
            words += ["-t", f"{key}={value}"]
        for key, value in (self.env or {}).items():
            words += ["-e", key if value == MASK else f"{key}={value}"]
        if job.array_index is not None:
            words += ["-a", str(job.array_index)]
        if job.time_limit_s:
            words += ["--time-limit", format_duration(job.time_limit_s)]
        words += self._inputs
        return shlex.join([*words, "--", *self.command] if self.command else words)

    @property
    def note(self) -> str:
        """Say what that command line cannot bring along, and what can; empty: it brings all."""
        return " · ".join(self._lacks())

    def _lacks(self) -> Iterator[str]:
        job, inputs = self.job, self._inputs
        if inputs or not self.command:
            yield f"needs {', '.join(inputs) or 'its files'} here"
        if self.env is None:
            yield "its environment is not told"
        elif secrets := [key for key, value in self.env.items() if value == MASK]:
            yield f"{', '.join(secrets)} as here: secret"
        if JobState(job.state).is_terminal:
            completed = " --completed" if job.state == JobState.COMPLETED else ""
            yield f"as it was: joborch retry {job.id}{completed}"

    @property
    def _inputs(self) -> list[str]:
        """The files and directories to be named, what runs before the others."""
        named = {file.name for file in self.files.items if file.kind == "input"}
        if self.command:
            named.discard(SCRIPT)
        tops = {name.partition("/")[0] for name in named}  # a directory keeps what is below it
        return sorted(tops, key=lambda name: (name != SCRIPT, name))


async def repeat_of(source: Source, job: JobView, files: FileList) -> Repeat:
    """Ask for what is still to be known, as far as the server tells."""
    return Repeat(
        job=job,
        files=files,
        env=await _environment(source, job.id),
        command=await _command(source, job.id, files),
    )


async def _environment(source: Source, job_id: int) -> dict[str, str] | None:
    with suppress(NotFoundError, ServerBrokenError):  # a server of before does not tell
        return await source.environment(job_id)
    return None


async def _command(source: Source, job_id: int, files: FileList) -> list[str] | None:
    scripts = [each for each in files.items if (each.kind, each.name) == ("input", SCRIPT)]
    if not scripts or scripts[0].size_bytes > MOST_BYTES:
        return None
    with suppress(NotFoundError, ConflictError, ResultsGoneError, ServerBrokenError):
        async with source.read_file(job_id, SCRIPT, kind="input") as pieces:
            return unwrapped(b"".join([piece async for piece in pieces]))
    return None
