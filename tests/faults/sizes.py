"""How much of each fault is provoked: enough for every day, or a night's worth.

``FAULT_SIZE=nightly`` asks for the latter; ``scripts/faults --nightly`` sets it.
"""

import os
from typing import TypeVar

T = TypeVar("T")

IS_NIGHTLY = os.environ.get("FAULT_SIZE") == "nightly"


def size(everyday: T, *, nightly: T) -> T:
    """Choose between the two."""
    return nightly if IS_NIGHTLY else everyday
