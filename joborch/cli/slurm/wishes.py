"""What Slurm's flags, and ``#SBATCH`` lines, ask for, as the wishes of a submission."""

import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime

from joborch.cli.exits import UsageError
from joborch.cli.slurm.dependencies import dependencies
from joborch.cli.slurm.flags import Parsed, parse, refusal
from joborch.cli.slurm.words import begin, seconds
from joborch.cli.wishes import Wishes
from joborch.domain.jobs import DEFAULT_PRIORITY

OF_A_JOB = {
    "name": "-J= --job-name=",
    "service": "-p= --partition=",
    "limit": "-t= --time=",
    "export": "--export=",
    "array": "-a= --array=",
    "hold": "-H --hold",
    "begin": "-b= --begin=",
    "dependency": "-d= --dependency=",
    "nice": "--nice=",
    "requeue": "--requeue",
    "no_requeue": "--no-requeue",
}
"""The flags that are about a job, and so may stand in its script."""
USUAL_NICE = "--nice=100"
"""What ``--nice`` means without a number."""


def wishes_of(flags: Parsed, now: datetime) -> Wishes:
    """Say as wishes what the flags ask for.

    Raises:
        UsageError: for a value that is wrong, or that joborch has nothing for.
    """
    at, limit, nice = flags.get("begin"), flags.get("limit"), flags.get("nice")
    awaited = dependencies(text) if (text := flags.get("dependency")) else {}
    return Wishes(
        name=flags.get("name"),
        service=flags.get("service"),
        array=flags.get("array"),
        priority=_priority(nice) if nice is not None else None,
        time_limit=f"{seconds(limit)}s" if limit else None,
        begin=begin(at, now) if at else None,
        is_held=flags.has("hold"),
        after=awaited.get("after", ()),
        after_any=awaited.get("after_any", ()),
        max_attempts=1 if flags.has("no_requeue") else None,
        env=_exported(flags.get("export")),
    )


def wishes_in(lines: Sequence[tuple[int, str]], name: str, now: datetime) -> Wishes:
    """Read what the ``#SBATCH`` lines of a script say that messages call ``name``; a later wins.

    Raises:
        UsageError: naming every line that asks for what joborch has not.
    """
    wishes, mistakes = Wishes(), list[UsageError]()
    for number, text in lines:
        try:
            wishes = _wishes_in(text, now).over(wishes)
        except UsageError as error:
            told = f"{name} line {number}: #SBATCH: {error.message.removeprefix('sbatch ')}"
            mistakes.append(UsageError(told, hint=error.hint))
    if mistakes:
        raise UsageError(*(each.message for each in mistakes), hint=mistakes[0].hint)
    return wishes


def with_numbers(words: Sequence[str]) -> Iterator[str]:
    """Yield the words with the number that ``--nice`` may leave out."""
    for word in words:
        yield USUAL_NICE if word == "--nice" else word


def _wishes_in(text: str, now: datetime) -> Wishes:
    try:
        words = shlex.split(text, comments=True)
    except ValueError as error:
        raise UsageError(str(error)) from error
    flags = parse("sbatch", OF_A_JOB, list(with_numbers(words)))
    if flags.words:
        raise UsageError(f"{flags.words[0]} is no flag")
    return wishes_of(flags, now)


def _priority(nice: str) -> int:
    """Return a priority that is as much lower as the job is nicer, as far as that goes."""
    try:
        return min(max(DEFAULT_PRIORITY - int(nice), 0), 100)
    except ValueError:
        raise UsageError(f"--nice={nice}: not a whole number") from None


def _exported(text: str | None) -> list[str]:
    if text is None or text.upper() in {"NONE", "NIL"}:
        return []
    names = [word for word in text.split(",") if word]
    if "ALL" in names:
        raise refusal("sbatch", "--export=ALL", "name the variables: --export=PATH,OMP_NUM_THREADS")
    return names
