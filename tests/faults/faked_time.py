"""A wall clock that a test sets for one process, by way of libfaketime."""

from dataclasses import dataclass
from pathlib import Path

import pytest

_LIBRARIES = "usr/lib/*/faketime/libfaketimeMT.so.1"


@dataclass(frozen=True, slots=True)
class FakedTime:
    """A file that says how wrong the wall clock is; the other clocks stay as they are."""

    file: Path
    library: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in order to believe it.

        It must not sleep by ``time.sleep``, which then fails: only what runs on asyncio can.
        """
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, hours: float) -> None:
        """Set the clock so much forward, or back, of what is right."""
        part = self.file.with_suffix(".part")
        part.write_text(f"{hours * 3600:+.0f}\n")
        part.replace(self.file)


def faked_time(home: Path) -> FakedTime:
    """Return one that is right so far; skip the test where there is no libfaketime."""
    found = next(iter(Path("/").glob(_LIBRARIES)), None)
    if found is None:
        pytest.skip("there is no libfaketime; Debian has it in the package faketime")
    faked = FakedTime(home / "faketime", found)
    faked.set(0)
    return faked
