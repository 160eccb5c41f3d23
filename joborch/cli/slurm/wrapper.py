"""The ``run.sh`` that gives a script Slurm's variables, and then becomes that script."""

import shlex
from collections.abc import Iterator, Sequence

from joborch.domain.arrays import parse_array

SCRIPT = "slurm_script"
"""What the script itself is called in the job's directory."""
WRAPPER = """#!/bin/sh
# Slurm's variables, and then the script that was submitted.
export SLURM_JOB_ID="$JOBORCH_JOB_ID" SLURM_JOBID="$JOBORCH_JOB_ID"
export SLURM_JOB_NAME={name} SLURM_JOB_PARTITION="$JOBORCH_SERVICE"
if [ -n "$JOBORCH_ARRAY_INDEX" ]; then
    place=0 task="$JOBORCH_ARRAY_INDEX"
    export SLURM_ARRAY_TASK_ID="$task"
    # A job that was submitted again stands alone.
    if [ -n "$JOBORCH_BATCH_ID" ]; then
{places}
    fi
    export SLURM_ARRAY_JOB_ID="$((JOBORCH_JOB_ID - place))"
    unset place task
fi
chmod u+x {script} && exec ./{script}{arguments}
"""


def wrapper(name: str, *, array: str | None = None, arguments: Sequence[str] = ()) -> bytes:
    """Write it for a job of this name; the jobs of an array have numbers that follow each other.

    Raises:
        ValueError: if the array is none.
    """
    tail = f" {shlex.join(arguments)}" if arguments else ""
    places = "\n".join(_places(array)) if array else "        :"
    text = WRAPPER.format(name=shlex.quote(name), script=SCRIPT, arguments=tail, places=places)
    return text.encode(errors="surrogateescape")


def _places(array: str) -> Iterator[str]:
    """Yield a line for each range of an array: how far from its first job one of it stands."""
    before = 0
    for part in array.partition("%")[0].split(","):
        indices = parse_array(part).indices
        first, last, step = indices[0], indices[-1], (*indices, indices[0] + 1)[1] - indices[0]
        is_in = f'[ "$task" -ge {first} ] && [ "$task" -le {last} ]'
        if step > 1:
            is_in += f" && [ $(((task - {first}) % {step})) -eq 0 ]"
        yield f"        {is_in} && place=$(({before} + (task - {first}) / {step}))"
        before += len(indices)
