"""How much of each fault is provoked: enough for every day, or a night's worth.

``FAULT_SIZE=nightly`` asks for the latter; ``scripts/faults --nightly`` sets it.
"""

import os
import random
from typing import TypeVar

T = TypeVar("T")

IS_NIGHTLY = os.environ.get("FAULT_SIZE") == "nightly"


def a_seed() -> int:
    """Choose what is random in this run: ``FAULT_SEED`` if it is set, to have the same again.

    When several processes share the tests, all of them choose the same.
    """
    if chosen := os.environ.get("FAULT_SEED"):
        return int(chosen)
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    return random.Random(run).randrange(10**6)  # noqa: S311 - no secret


def size(everyday: T, *, nightly: T) -> T:
    """Choose between the two."""
    return nightly if IS_NIGHTLY else everyday
