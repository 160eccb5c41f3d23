"""How often the dashboard looks at what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How long the feed waits for what, in seconds."""

    tick_s: float = 1.0
    """Between two looks at the clock."""
    gather_s: float = 0.25
    """Between two questions about jobs that changed."""
    surroundings_s: float = 1.0
    """At least, between two looks at agents and quotas."""
    at_rest_s: float = 10.0
    """At most, between two such looks."""
    statistics_s: float = 10.0
    """Between two questions how much is done."""
    first_pause_s: float = 0.5
    longest_pause_s: float = 15.0

    @classmethod
    def at(cls, hz: float | None, *, is_far: bool = False) -> "Rhythm":
        """Return the rhythm of a screen that changes at most ``hz`` times a second.

        If a person has not said how often, it is less often on a terminal that is far away.
        """
        if hz is None:
            return cls(tick_s=5.0, gather_s=0.5, surroundings_s=2.0) if is_far else cls()
        return cls(tick_s=max(1 / hz, 1.0), gather_s=1 / hz, surroundings_s=max(1 / hz, 1.0))
