"""How many jobs there are of each state; a click, or two keys, ask for those jobs."""

import time
from collections.abc import Sequence

from rich.cells import cell_len
from textual.events import Click

from joborch.tui.formatting import Glyphs
from joborch.tui.heading import Tile
from joborch.tui.messages import StateWanted
from joborch.tui.widgets.panels import FittedLines

CHORD_S = 1.0
"""So soon the letter has to come; later it means what it always means."""


class StateTiles(FittedLines):
    """A line of tiles."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._tiles: Sequence[Tile] = ()

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show these."""
        self._tiles = tiles
        self.show([part for part, _ in tiles])

    def on_click(self, event: Click) -> None:
        """Ask for the jobs of the tile's state."""
        right = 0
        for part, state in self._tiles:
            right += cell_len(part if isinstance(part, str) else part[0])
            if event.x < right:
                if state:
                    self.post_message(StateWanted(state))
                return


class StateChord:
    """Two keys: the one that also goes to the first row, and the letter that marks a state."""

    def __init__(self, glyphs: Glyphs, *, first: str) -> None:
        """Wait for the first key, as a rule ``g``."""
        self._first = first
        self._began = -CHORD_S
        self._states = {mark[1].lower(): state for state, mark in glyphs.marks.items()}

    def state_after(self, key: str) -> str | None:
        """Take a key; return the state that it asks for, if it does."""
        began, self._began = self._began, -CHORD_S
        if key == self._first:
            self._began = time.monotonic()
            return None
        is_soon = time.monotonic() - began < CHORD_S
        return self._states.get(key.lower()) if is_soon else None
