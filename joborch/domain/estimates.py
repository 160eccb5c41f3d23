"""When something will happen, from what happened before: pure guesses, each with its interval.

An estimate is honest if its interval holds the truth in eight cases of ten or more; where nothing
can be said, the reason is returned instead of a number. How jobs get their turn is told by
:mod:`joborch.domain.forecast`, which plays it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 5
"""With fewer examples than this, nothing is estimated."""
TWENTIETH = 1.645
"""How many standard deviations from the middle the outer twentieth of a normal distribution is."""
SLACK_S = 1.0
SLACK = 0.05
"""What no history tells: how quickly hosts start and end jobs today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """In how many seconds to expect something; eight times of ten from ``low_s`` to ``high_s``."""

    expected_s: float
    low_s: float
    high_s: float

    def not_before(self, delay_s: float) -> "Estimate":
        """Return the estimate of something that cannot happen before ``delay_s``."""
        return Estimate(
            expected_s=max(self.expected_s, delay_s),
            low_s=max(self.low_s, delay_s),
            high_s=max(self.high_s, delay_s),
        )


def until_empty(*, unfinished: int, ended: int, over_s: float) -> Estimate | str:
    """Say when ``unfinished`` jobs will have ended, if ``ended`` did within ``over_s`` seconds.

    Both the pace that was seen and what is to come vary as independent events do.
    """
    if not unfinished:
        return Estimate(expected_s=0, low_s=0, high_s=0)
    if ended < FEWEST:
        return f"fewer than {FEWEST} jobs have ended"
    expected_s = over_s * unfinished / ended
    factor = math.exp(TWENTIETH * math.sqrt(1 / ended + 1 / unfinished))
    return Estimate(expected_s=expected_s, low_s=expected_s / factor, high_s=expected_s * factor)


def summed_up(played_s: Sequence[float]) -> Estimate:
    """Return the estimate that many ways of how it may come amount to, one in twenty aside."""
    in_order = sorted(played_s)
    last = len(in_order) - 1
    low_s, expected_s, high_s = (in_order[round(last * part)] for part in (0.05, 0.5, 0.95))
    return Estimate(
        expected_s=expected_s,
        low_s=low_s * (1 - SLACK),
        high_s=high_s * (1 + SLACK) + SLACK_S if high_s else 0.0,
    )
