"""``-d afterok:7:8,afterany:9``: what Slurm's jobs wait for, as names for ``--after``."""

import re

from joborch.cli.exits import UsageError
from joborch.cli.slurm.flags import refusal

KINDS = {"afterok": "after", "afterany": "after_any"}
NEAREST = "afterok:ID:ID… is --after, afterany:ID:ID… is --after-any"
_NUMBER = re.compile(r"\d{1,18}(_\d{1,9})?", re.ASCII)


def dependencies(text: str) -> dict[str, list[str]]:
    """Return the jobs' numbers by the wish that they belong to: ``after`` or ``after_any``.

    Raises:
        UsageError: for what joborch has not, as ``singleton``, and for what is no number.
    """
    found: dict[str, list[str]] = {wish: [] for wish in KINDS.values()}
    if "?" in text:
        raise refusal("sbatch", f"-d {text}", "a job waits for all of them, not for one of them")
    for part in text.split(","):
        kind, *numbers = part.split(":")
        if kind not in KINDS:
            raise refusal("sbatch", f"-d {part}", NEAREST)
        if not numbers or not all(_NUMBER.fullmatch(each) for each in numbers):
            raise UsageError(f"sbatch -d {part}: not like {kind}:42:43")
        found[KINDS[kind]] += numbers
    return found
