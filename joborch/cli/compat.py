"""``joborch compat slurm``: Slurm's programs, for hands and scripts that are used to them."""

import sys
from typing import Annotated

import typer

from joborch.cli.exits import UsageError

EXAMPLES = """
joborch compat slurm squeue --me       as Slurm's squeue would
eval "$(joborch compat slurm)"         and from then on: sbatch, squeue, scancel, …
"""


def compat(
    words: Annotated[list[str], typer.Argument(metavar="slurm [PROGRAM [ARGUMENT]...]")],
) -> None:
    """Print shell functions named like Slurm's programs, or be one of these programs."""
    system, *call = words
    if system != "slurm":
        raise UsageError(f"there is nothing for {system!r}", hint="joborch compat slurm")
    from joborch.cli.slurm import programs

    if not call:
        sys.stdout.write(programs.functions("command joborch"))
        return
    raise typer.Exit(programs.call(call[0], call[1:]))
