"""The flags of Slurm's programs: which are understood, and what is said about the others."""

import getopt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from joborch.cli.exits import UsageError

SLOTS = "an agent's slots say how much a job gets: joborch agent --service NAME:SLOTS"
HINTS = {
    "o output e error": "a job's output is kept with it: joborch logs ID -o FILE",
    "i input": "joborch submit -i FILE",
    "nice priority": "joborch submit -p 0..100, where more goes first",
    "mem mem-per-cpu mem-per-gpu c cpus-per-task n ntasks N nodes ntasks-per-node": SLOTS,
    "G gpus gres gpus-per-node C constraint exclusive tasks-per-node": SLOTS,
    "D chdir": "a job has a directory of its own: joborch submit run.sh FILE… sends what it needs",
    "A account q qos reservation comment": "joborch submit -t KEY=VALUE labels a job",
    "mail-type mail-user": "joborch wait ID && mail …",
    "M clusters": "JOBORCH_SERVER=http://HOST:PORT says which server",
    "O Format json yaml": "joborch status --fields NAME,NAME, or --json",
    "S sort": "joborch status --sort KEY",
    "l long v verbose": "joborch status --format wide",
    "f full b batch": "joborch cancel ends all of a job",
}
"""The nearest that joborch has, by Slurm's names of the flags."""
OWN_HINTS = {
    "sinfo": {"o format O Format": "joborch agents --fields NAME,NAME", "s t p l": "joborch agents"}
}
"""Of programs by which a flag means something else."""
ANYWHERE = "joborch submit, status and cancel --help say what there is"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a program was given, by the names in its table; what was said last wins."""

    values: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Say whether a flag was given."""
        return name in self.values

    def get(self, name: str) -> str | None:
        """Return a flag's value, or None."""
        return self.values.get(name)


def parse(
    program: str, table: Mapping[str, str], words: Sequence[str], *, stops_early: bool = False
) -> Parsed:
    """Read a program's words by its table: ``{"name": "-J --job-name="}``.

    With ``stops_early`` the first word that is no flag ends them, as it is a command.

    Raises:
        UsageError: for a flag that is not in the table, naming it and what joborch has instead.
    """
    names = {flag.rstrip("="): name for name, flags in table.items() for flag in flags.split()}
    flags = [flag for line in table.values() for flag in line.split()]
    short = [flag[1:].replace("=", ":") for flag in flags if not flag.startswith("--")]
    long = [flag[2:] for flag in flags if flag.startswith("--")]
    reader = getopt.getopt if stops_early else getopt.gnu_getopt
    try:
        given, rest = reader(list(words), "".join(short), long)
    except getopt.GetoptError as error:
        raise _refusal(program, error) from error
    return Parsed({names[flag]: value for flag, value in given}, tuple(rest))


def refusal(program: str, what: str, hint: str) -> UsageError:
    """Return the error for what joborch has not, with the nearest that it has."""
    return UsageError(f"{program} {what}: joborch has no such thing", hint=hint)


def _refusal(program: str, error: getopt.GetoptError) -> UsageError:
    flag = f"-{error.opt}" if len(error.opt) == 1 else f"--{error.opt}"
    if "not recognized" not in error.msg:
        return UsageError(f"{program} {flag}: {error.msg}")
    hints = [*OWN_HINTS.get(program, {}).items(), *HINTS.items()]
    known = (hint for names, hint in hints if error.opt in names.split())
    return refusal(program, flag, next(known, ANYWHERE))
