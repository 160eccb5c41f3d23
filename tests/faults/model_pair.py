"""Two jobs of one user who has one slot: each lives its own life, but for that slot.

A host's accidents may befall only one of its attempts here, which is more than can happen to it.
"""

from collections.abc import Iterator

from tests.faults.model import SLOTS, TERMINAL, Guards, World, wrong
from tests.faults.model_moves import moves

Pair = tuple[World, World]


def pair_moves(pair: Pair, guards: Guards) -> Iterator[tuple[str, Pair]]:
    """Everything that can happen next to either."""
    for number, (job, other) in enumerate((pair, pair[::-1])):
        seen = job._replace(has_rival=other.slots > 0)
        for name, after in moves(seen, guards):
            alone = after._replace(has_rival=False)
            if alone != job:
                yield f"job {number}: {name}", (alone, other) if number == 0 else (other, alone)


def wrong_pair(pair: Pair) -> str:
    """Say what must never be; empty if all is well."""
    if sum(job.slots for job in pair) > SLOTS:
        return "more slots than there are"
    return next(filter(None, map(wrong, pair)), "")


def has_pair_ended(pair: Pair) -> bool:
    return all(job.state in TERMINAL for job in pair)
