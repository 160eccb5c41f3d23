"""The frame's own lines: header, warning when offline, and panels with a border."""

from joborch.tui.messages import RoomChanged
from joborch.tui.widgets.lines import Lines


class HeaderLine(Lines):
    """The first line."""


class OfflineLine(Lines):
    """There only while the server is away."""


class StandingLine(Lines):
    """The main screens and what holds for all of them, where there is room for that."""


class FittedLines(Lines):
    """Lines that are written for the room they have."""

    def on_resize(self) -> None:
        """Ask for other lines."""
        self.post_message(RoomChanged())


class Panel(FittedLines):
    """Some lines in a border with a title."""

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(id=id)
        self.border_title = title
