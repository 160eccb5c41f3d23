"""The command line that submits a job like one there is."""

import shlex

from joborch.domain.durations import format_duration
from joborch.wire.jobs import FileList, JobView

USUAL_PRIORITY = 50
SCRIPT = "run.sh"


def repeat_command(job: JobView, files: FileList) -> str:
    """Write it, to be run where the job's files are.

    ``joborch retry ID`` needs no files, but makes the job again as it was.
    """
    words = ["joborch", "submit", "-s", job.service, "-n", job.name]
    if job.priority != USUAL_PRIORITY:
        words += ["-p", str(job.priority)]
    for key, value in job.tags.items():
        words += ["-t", f"{key}={value}"]
    if job.array_index is not None:
        words += ["-a", str(job.array_index)]
    if job.time_limit_s:
        words += ["--time-limit", format_duration(job.time_limit_s)]
    inputs = sorted(file.name for file in files.items if file.kind == "input")
    inputs.sort(key=lambda name: name != SCRIPT)  # what runs comes first
    return shlex.join([*words, *inputs])
