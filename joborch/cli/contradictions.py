"""Options of ``submit`` that do not go together; each is refused with ``UsageError``."""

from collections.abc import Sequence
from pathlib import Path

from joborch.cli.after import After
from joborch.cli.exits import UsageError
from joborch.cli.items import Item, Sources
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


def check_script(arguments: Sequence[str], items: Sequence[Item]) -> None:
    """Refuse that the script is an item of its own, as in ``--each '*' run.sh``."""
    script = Path(arguments[0]) if arguments else None
    if script and script.is_file() and any(_is_same(item.file, script) for item in items):
        raise UsageError(f"{script} is the script, and an item too", hint=f"add -x {script.name}")


def _is_same(file: Path | None, script: Path) -> bool:
    return file is not None and file.samefile(script)


def check_one(wishes: Wishes, after: After, sources: Sources) -> None:
    """Refuse two ways of making many jobs, and what is for one job where there are many."""
    several = ["--array"] * bool(wishes.array) + sources.named
    if len(several) > 1:
        raise UsageError(f"{' and '.join(several)}: only one of them at a time")
    if several and (after.is_following or after.is_propagating):
        raise UsageError(f"--follow and --propagate are for one job, not for {several[0]}")
