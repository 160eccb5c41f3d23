"""The command line that submits a job like one there is."""

import shlex
from collections.abc import Mapping

from joborch.domain.durations import format_duration
from joborch.domain.states import JobState
from joborch.wire.jobs import FileList, JobView

USUAL_PRIORITY = 50
SCRIPT = "run.sh"
MASK = "***"
"""What the server tells in place of a secret."""


def repeat_command(job: JobView, files: FileList, env: Mapping[str, str] | None = None) -> str:
    """Write it, to be run where the job's files are; a secret's value is taken from there too.

    ``joborch retry ID`` needs no files, but makes the job again as it was.
    """
    words = ["joborch", "submit", "-s", job.service, "-n", job.name]
    if job.priority != USUAL_PRIORITY:
        words += ["-p", str(job.priority)]
    for key, value in job.tags.items():
        words += ["-t", f"{key}={value}"]
    for key, value in (env or {}).items():
        words += ["-e", key if value == MASK else f"{key}={value}"]
    if job.array_index is not None:
        words += ["-a", str(job.array_index)]
    if job.time_limit_s:
        words += ["--time-limit", format_duration(job.time_limit_s)]
    return shlex.join([*words, *_inputs(files)])


def repeat_note(job: JobView, files: FileList, env: Mapping[str, str] | None) -> str:
    """Say what that command line cannot bring along, and what can."""
    secrets = [key for key, value in (env or {}).items() if value == MASK]
    lacks = [f"needs {', '.join(_inputs(files)) or 'its files'} here"]
    if env is None:
        lacks.append("its environment is not told")
    elif secrets:
        lacks.append(f"{', '.join(secrets)} as here: secret")
    if JobState(job.state).is_terminal:
        completed = " --completed" if job.state == JobState.COMPLETED else ""
        lacks.append(f"as it was: joborch retry {job.id}{completed}")
    return " · ".join(lacks)


def _inputs(files: FileList) -> list[str]:
    inputs = sorted(file.name for file in files.items if file.kind == "input")
    return sorted(inputs, key=lambda name: name != SCRIPT)  # what runs comes first
