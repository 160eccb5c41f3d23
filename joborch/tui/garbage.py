"""The collection of garbage, kept from looking through the jobs again and again.

While a hundred thousand of them are listed, Python would look through all of them seven times, in
the end for a third of a second, and nobody's keys are heard meanwhile. Jobs are in no cycles: they
are freed when nobody refers to them any more, looked through or not.
"""

import gc

MANY = 5000
"""Fewer jobs than these are looked through faster than anybody notices."""


def begin() -> None:
    """Collect from now on what is made from now on; the program itself is none."""
    gc.freeze()
    gc.enable()


def settle(known: int) -> None:
    """Look once more through what was made since the last time, and never again.

    Does nothing while less than many jobs are known.
    """
    if known > MANY:
        gc.collect()
        gc.freeze()
