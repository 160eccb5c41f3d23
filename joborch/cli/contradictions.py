"""Options of ``submit`` that do not go together; each is refused with ``UsageError``."""

from collections.abc import Sequence
from pathlib import Path

from joborch.cli.after import After
from joborch.cli.exits import UsageError
from joborch.cli.items import Sources
from joborch.cli.wishes import Wishes


def check_input(
    arguments: Sequence[str], sources: Sources, inputs: Sequence[str], awaited: Sequence[str]
) -> None:
    """Refuse that two options read standard input."""
    named = {
        "the script": arguments[:1] == ["-"],
        "--each-line": sources.each_line == "-",
        "--csv": sources.csv == "-",
        "--jsonl": sources.jsonl == "-",
        "--input": any(text.partition(":")[0] == "-" for text in inputs),
        "--after": "-" in awaited,
    }
    readers = [name for name, reads in named.items() if reads]
    if len(readers) > 1:
        raise UsageError(f"standard input can be only one of {' and '.join(readers)}")


def check_expanded(arguments: Sequence[str], sources: Sources, *, is_command: bool) -> None:
    """Refuse ``--each in/*.pdb run.sh``, where the shell made ``in/b.pdb`` the script.

    With a command in place of the script they would be files of a single job.
    """
    if len(arguments) < (1 if is_command else 2):
        return
    first = Path(arguments[0])
    named = [("--each", text) for text in sources.each]
    named += [("--each-dir", text) for text in sources.each_dir]
    for option, text in named:
        pattern = Path(text)
        if pattern.exists() and _are_alike(pattern, first):
            be = "a file of each job" if is_command else "the script"
            like = f"{pattern.parent}/*{'' if pattern.is_dir() else pattern.suffix}"
            raise UsageError(
                f"{first} would be {be}: the shell expanded a pattern",
                hint=f"put the pattern in quotes: {option} '{like}'",
            )


def _are_alike(one: Path, other: Path) -> bool:
    if one.is_dir() or other.is_dir():
        return one.is_dir() and other.is_dir() and one.parent == other.parent
    return (one.parent, one.suffix) == (other.parent, other.suffix)


def check_one(wishes: Wishes, after: After, sources: Sources) -> None:
    """Refuse two ways of making many jobs, and what is for one job where there are many."""
    several = ["--array"] * bool(wishes.array) + sources.named
    if len(several) > 1:
        raise UsageError(f"{' and '.join(several)}: only one of them at a time")
    if several and (after.is_following or after.is_propagating):
        raise UsageError(f"--follow and --propagate are for one job, not for {several[0]}")
