"""What all screens about the site have in common: the lines around, and being told of news."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key, Resize, ScreenResume
from textual.screen import Screen
from textual.widget import Widget

from joborch.tui import lines
from joborch.tui.commands import CHANGING, TURNING, bindings
from joborch.tui.desk import Desk
from joborch.tui.heading import header
from joborch.tui.messages import Changed, RoomChanged
from joborch.tui.news import News
from joborch.tui.picture import LinkState
from joborch.tui.room import is_too_small, what_is_needed
from joborch.tui.widgets.hints import Hints
from joborch.tui.widgets.lines import Lines
from joborch.tui.widgets.panels import HeaderLine, OfflineLine, StandingLine


class SiteScreen(Screen[None]):
    """A screen with the header on top and the keys at the bottom."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(TURNING)]
    AUTO_FOCUS = ""
    tells_pace: ClassVar[bool] = False
    """Whether a line of its own says how much is done; otherwise the header does."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - so it is declared
        (0, "-narrow"),
        (lines.NORMAL, "-normal"),
        (lines.WIDE, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - so it is declared
        (0, "-short"),
        (30, "-medium"),
        (50, "-tall"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._focus_before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Put the header above the content and the keys below it."""
        yield HeaderLine()
        yield OfflineLine()
        yield from self.content()
        yield StandingLine()
        yield Hints()
        yield Lines(id="too-small")

    def content(self) -> ComposeResult:
        """Return what is between."""
        raise NotImplementedError

    def show_news(self, news: News) -> None:
        """Show what has changed; without jobs in it, only time may have gone by."""
        raise NotImplementedError

    @property
    def marked(self) -> int:
        """How many jobs are marked here."""
        return 0

    def step_back(self) -> bool:
        """Undo one thing that a person has done to the screen; False if there is none."""
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what changes something, in read-only mode."""
        changes = any(one.method == f"action_{action}" for one in CHANGING)
        return not (self.desk.look.is_read_only and changes)

    def on_key(self, event: Key) -> None:
        """Say why a key does nothing that would change something."""
        look = self.desk.look
        if not look.is_read_only:
            return
        for command in CHANGING:
            if event.key in look.keymap.keys(command) and hasattr(self, command.method):
                self.notify(f"read-only: {command.label or command.text} does nothing here")

    @on(Changed)
    def take_news(self, message: Changed) -> None:
        """Show what has changed."""
        self._show_link()
        self.show_news(message.news)

    @on(RoomChanged)
    def use_room(self, message: RoomChanged) -> None:
        """Write again what is written for its size; nobody else does while a dialog is open."""
        message.stop()
        self.show_news(News())

    @on(ScreenResume)
    def catch_up(self) -> None:
        """Show how everything is by now, and what may be done."""
        self.refresh_bindings()
        self._show_link()
        self.show_news(News(is_all=True))

    @on(Resize)
    def check_size(self, event: Resize) -> None:
        """Say so if the terminal is too small for anything."""
        is_small = is_too_small(event.size)
        if is_small and self.focused:
            self._focus_before = self.focused  # what is not shown cannot have it
        elif not is_small and self._focus_before:
            self.call_after_refresh(self._focus_before.focus)
            self._focus_before = None
        self.set_class(is_small, "-too-small")
        said = f"{what_is_needed(event.size)}\nUntil then nothing is changed from here"
        self.query_one("#too-small", Lines).show_text(said)
        self._show_link()
        self.call_after_refresh(self.show_news, News())

    def _show_link(self) -> None:
        desk = self.desk
        server, width = desk.source.server, self.size.width
        parts = header(
            desk.picture,
            desk.look,
            server,
            width,
            now=desk.clock(),
            has_pace=not self.tells_pace,
        )
        self.query_one(HeaderLine).show(parts)
        if width >= lines.WIDE:
            self._show_standing(width)
        self.set_class(desk.picture.link.state is LinkState.OFFLINE, "-offline")
        self.query_one(OfflineLine).show(lines.offline(desk.picture, desk.look, desk.clock()))

    def _show_standing(self, width: int) -> None:
        standing = lines.standing(
            self.app.current_mode,
            self.desk.look,
            theme=self.app.theme,
            marked=self.marked,
            width=width,
        )
        self.query_one(StandingLine).show(standing)
