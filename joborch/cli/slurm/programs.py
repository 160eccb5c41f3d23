"""The programs of Slurm that there are, and the shell functions that call them."""

from collections.abc import Callable, Mapping, Sequence

from joborch.cli.exits import UsageError
from joborch.cli.slurm import control, listing, sbatch

PROGRAMS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "sbatch": sbatch.sbatch,
    "srun": sbatch.srun,
    "squeue": listing.squeue,
    "sacct": listing.sacct,
    "scancel": control.scancel,
    "scontrol": control.scontrol,
    "sinfo": control.sinfo,
    "seff": control.seff,
    "sattach": control.sattach,
    "sprio": control.sprio,
    "sacctmgr": control.sacctmgr,
    "sshare": control.sshare,
}


def functions(program: str) -> str:
    """Return the definitions for a POSIX shell; ``program`` is how joborch itself is called."""
    return "".join(f'{name}() {{ {program} compat slurm {name} "$@"; }}\n' for name in PROGRAMS)


def call(name: str, words: Sequence[str]) -> int:
    """Be one of the programs; returns the exit code."""
    if name not in PROGRAMS:
        raise UsageError(f"Slurm's {name} has no counterpart here", hint=" ".join(PROGRAMS))
    return PROGRAMS[name](words)
