"""What is remembered of an attempt that a client of the original runs, in its directory."""

from pathlib import Path

import msgspec

from joborch.files.atomic import read_plain, write_atomic

NAME = "seed.json"


class Note(msgspec.Struct, kw_only=True, frozen=True):
    """One attempt. It is written before anything is sent."""

    token: str
    """In the names of the files that are joborch's own; nobody else's have it."""
    sent_at: float
    """Seconds since the epoch."""
    client: str
    """Where it is sent."""
    newest_before: int
    """The largest id that the client had given, as far as was known."""
    grace_s: float
    lost_after_s: float
    """Without a word from the client for so long, the attempt is given up."""
    client_id: int | None = None
    """What the client calls it; None while it is not known whether it has it."""
    ordered: str | None = None
    """The cause for which its end was ordered."""

    def save(self, folder: Path) -> None:
        """Write it down."""
        write_atomic(folder / NAME, msgspec.json.encode(self))


def read_note(folder: Path) -> Note | None:
    """Return the note; None if nothing was ever sent."""
    try:
        return msgspec.json.decode(read_plain(folder / NAME), type=Note)
    except FileNotFoundError:
        return None


def drop_note(folder: Path) -> None:
    """Forget that it was to be sent: it was not."""
    (folder / NAME).unlink(missing_ok=True)
