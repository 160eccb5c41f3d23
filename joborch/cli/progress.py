"""A line on stderr that shows how far a transfer is."""

import time
from types import TracebackType
from typing import Self

from joborch.cli.output import Output
from joborch.cli.times import clock, size

WORTHWHILE_BYTES = 1 << 20
INTERVAL_S = 0.1


class Bar:
    """``↑ run.sh · 61% · 38 MiB/s · 0:12``; nothing for what takes no time."""

    def __init__(self, output: Output, label: str, *, is_long: bool = False) -> None:
        """Show nothing yet; with ``is_long`` it is worth showing, however few the bytes."""
        self._output = output
        self._is_long = is_long
        self.label = label
        self._begun = time.monotonic()
        self._shown = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            self._output.status("")

    def move(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` bytes went by."""
        now = time.monotonic()
        is_worthwhile = self._is_long or total >= WORTHWHILE_BYTES
        if not is_worthwhile or now - self._shown < INTERVAL_S:
            return
        self._shown = now
        speed = done / max(now - self._begun, 0.001)
        left = (total - done) / speed if speed else 0
        percent = 100 * done // max(total, 1)
        self._output.status(
            f"{self.label} · {percent}% of {size(total)} · {size(int(speed))}/s · {clock(left)}"
        )
