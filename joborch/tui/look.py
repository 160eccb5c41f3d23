"""How one run of the dashboard looks and what it may do: chosen at the start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from joborch.tui.canvas import Graph
from joborch.tui.formatting import UNICODE, Glyphs
from joborch.tui.keymap import Keymap


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Confirm(StrEnum):
    """What is asked about before it is done.

    Jobs of others, more than a few jobs, and a job that nobody has chosen are asked about always.
    """

    ALWAYS = "always"
    """Everything."""
    MULTI = "multi"
    """To cancel, and to retry several jobs."""
    NEVER = "never"
    """Nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The choices of one run."""

    user_id: str
    """Who is ``me``."""
    profile: str = ""
    """The section of the settings that names the server, if there is one."""
    filter_text: str = ""
    """What the list of jobs is filtered by at first."""
    screen: str = "jobs"
    """What is shown at first; one of the main screens."""
    glyphs: Glyphs = UNICODE
    graph: Graph = Graph.BRAILLE
    """What curves are drawn with; in seven bits, where the glyphs are."""
    is_read_only: bool = False
    is_colored: bool = True
    theme: str | None = None
    keep_theme: Callable[[str], None] = lambda _: None
    """Is told which theme a person chooses."""
    confirm: Confirm = Confirm.MULTI
    columns: tuple[str, ...] = ()
    """Of the list of jobs, in their order; empty: all, in the usual one."""
    config_file: Path | None = None
    """Where what is chosen on the screen is kept for the next time; None: nowhere."""
    keymap: Keymap = field(default_factory=Keymap)
    warnings: tuple[str, ...] = ()
    """What is to be told at the start, of what a person has chosen."""
    now: Callable[[], datetime] = utc_now
    shows_copied: bool = False
    """Whether what is copied is shown too, since the clipboard may not get it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of a shell that is started from here."""
    dwell_s: float = 0.3
    """So long the selection has to rest on a job before the server is asked about it."""
    guard_s: float = 0.25
    """Keys typed so soon after a question appears were not meant for it."""
