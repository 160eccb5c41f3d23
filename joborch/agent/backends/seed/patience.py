"""How long is waited for word of an attempt at a client of the original."""

SILENT_S = 7 * 86400.0
"""How long a client may be there and not answer: its threads may all be running jobs."""
DAMAGED_S = 900.0
"""How long archives may come that cannot be read: a client hands out what it is still writing."""
DAMAGED_PAUSE_S = 10.0
MOST_SLOWNESS = 16.0


class Patience:
    """With one attempt. Times are CLOCK_BOOTTIME, in seconds."""

    def __init__(self, *, lost_after_s: float, now: float) -> None:
        self._lost_after_s = lost_after_s
        self._patience_s = lost_after_s
        self._heard_at = now
        self._damaged_since: float | None = None
        self.slowness = 1.0
        """How much longer than usual an answer may take: large results are packed before it."""

    @property
    def pause_s(self) -> float:
        """How long to wait, at least, before it is asked again."""
        return 0.0 if self._damaged_since is None else DAMAGED_PAUSE_S

    def heard(self, now: float) -> None:
        """Note an answer that can be used."""
        self._heard_at, self._patience_s = now, self._lost_after_s
        self._damaged_since, self.slowness = None, 1.0

    def is_over_after_damage(self, now: float) -> bool:
        """Whether an archive that could not be read was one too many."""
        self._heard_at = now
        if self._damaged_since is None:
            self._damaged_since = now
        return now - self._damaged_since > DAMAGED_S

    def is_over_after_silence(self, now: float, *, is_slow: bool) -> bool:
        """Whether the client has been silent for too long; ``is_slow``: it was there, at least.

        While it is left alone for a while, nothing new is known of one that was only slow.
        """
        if is_slow:
            self._patience_s = SILENT_S
            self.slowness = min(self.slowness * 2, MOST_SLOWNESS)
        return now - self._heard_at > self._patience_s
