"""The command line that submits a job like one there is."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Protocol

from joborch.client.shell_words import joined
from joborch.client.wrapping import unwrapped
from joborch.domain.durations import format_duration, parse_duration
from joborch.domain.errors import ConflictError, NotFoundError, ResultsGoneError, ServerBrokenError
from joborch.domain.selectors import spelt
from joborch.domain.states import JobState
from joborch.wire.jobs import FileList, JobView

USUAL_PRIORITY = 50
USUAL_ATTEMPTS = 3
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
    me: str | None = None
    """Who would submit; None: whoever it is."""

    @property
    def line(self) -> str:
        """Write the command line; a secret's value is taken from where it is run.

        ``joborch retry ID`` needs no files, but makes the job again as it was.
        """
        job = self.job
        words = ["joborch", "submit", "-s", job.service]
        if self.me not in {None, job.user_id}:
            words += ["-u", job.user_id]
        words += [f"--name={job.name}"] if job.name.startswith("-") else ["-n", job.name]
        if job.priority != USUAL_PRIORITY:
            words += ["-p", str(job.priority)]
        for key, value in job.tags.items():
            words += ["-t", f"{key}={value}"]
        for key, value in (self.env or {}).items():
            words += ["-e", key if _is_secret(value) else f"{key}={value}"]
        if job.array_index is not None:
            words += ["-a", str(job.array_index)]
        if job.time_limit_s:
            words += ["--time-limit", _exactly(job.time_limit_s)]
        if job.max_attempts != USUAL_ATTEMPTS:
            words += ["--max-attempts", str(job.max_attempts)]
        words += [f"./{name}" if name.startswith("-") else name for name in self._inputs]
        return joined([*words, "--", *self.command] if self.command else words)

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
        elif secrets := [key for key, value in self.env.items() if _is_secret(value)]:
            yield f"{', '.join(secrets)} as here: secret"
        if job.array_index is not None:
            yield f"JOBORCH_ARRAY_COUNT is that of -a {job.array_index}, not of its array"
        if waited := [*self._waited()]:
            yield f"without {', '.join(waited)}"
        if JobState(job.state).is_terminal:
            completed = " --completed" if job.state == JobState.COMPLETED else ""
            yield f"as it was: joborch retry {job.id}{completed}"

    def _waited(self) -> Iterator[str]:
        """What the job was or is to wait for, as far as it is told."""
        job = self.job
        if job.not_before:
            yield f"--begin {job.not_before.isoformat(timespec='seconds')}"
        if job.after:
            more = ",…" if job.after_count > len(job.after) else ""
            yield f"--after {spelt(job.after)}{more}"
        if job.held_at:
            yield "--hold"

    @property
    def _inputs(self) -> list[str]:
        """The files and directories to be named, what runs before the others."""
        named = {file.name for file in self.files.items if file.kind == "input"}
        if self.command:
            named.discard(SCRIPT)
        tops = {name.partition("/")[0] for name in named}  # a directory keeps what is below it
        return sorted(tops, key=lambda name: (name != SCRIPT, name))


async def repeat_of(
    source: Source, job: JobView, files: FileList, *, me: str | None = None
) -> Repeat:
    """Ask for what is still to be known, as far as the server tells."""
    return Repeat(
        job=job,
        files=files,
        env=await _environment(source, job.id),
        command=await _command(source, job.id, files),
        me=me,
    )


def _is_secret(value: str) -> bool:
    """Whether the server told a mask, in place of all or of the password in a URL."""
    return value == MASK or f":{MASK}@" in value


def _exactly(seconds: float) -> str:
    """Write a duration as people do where nothing is lost by that."""
    text = format_duration(seconds)
    with suppress(ValueError):  # 0.01 seconds read as none
        if parse_duration(text).total_seconds() == seconds:
            return text
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


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
