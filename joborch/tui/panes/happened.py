"""What happened last, beside the jobs: the same events as on their own screen, the newest last.

It asks for those that happened before it was there, and hears the others with everybody else.
"""

from textual import on, work

from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui import happenings
from joborch.tui.desk import Desk
from joborch.tui.lines import NOT_KNOWN, QUIET
from joborch.tui.messages import EventsCame, Refused
from joborch.tui.news import News
from joborch.tui.widgets.panels import Panel
from joborch.wire.events import EventPage, EventView

KEPT = 200
"""So many are asked for and kept: more than any terminal has lines for."""
REST_S = 1.0
"""Between two frames: nobody reads more, and all its lines change at each."""


class EventsPane(Panel):
    """As many of them as there is room for; without room nothing is asked."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Events 6", id="happened")
        self._desk = desk
        self._events: list[EventView] = []
        self._is_behind = True
        """Whether some have not been heard, be it since the last of these or before the first."""
        self._is_resting = False
        self._is_whole = False
        """Whether nothing happened before these."""
        self._says = NOT_KNOWN
        """In their place while there are none."""

    def show_news(self, news: News) -> None:
        """Add what has happened, at once or after a rest; ask anew where some of it was missed."""
        self._is_behind |= news.is_all or news.is_back
        if not self._is_resting:
            self._is_resting = bool(news.jobs)
            self._follow()
            if self._is_resting:
                self.set_timer(REST_S, self._go_on)

    def _go_on(self) -> None:
        self._is_resting = False
        self._follow()

    def _follow(self) -> None:
        height, pause = self.content_size.height, self._desk.picture.pause
        if not height:
            return
        if pause is None:
            self._catch_up()
        elif pause.moment:
            self._go_back(pause.moment.seq, height)
        self._draw()

    @on(EventsCame)
    def take_page(self, message: EventsCame) -> None:
        """Know these; what was heard since the server was asked comes after them."""
        message.stop()
        self._events, self._is_whole = message.page.items, message.page.next is None
        self._says = "Nothing has happened yet."
        if message.before is not None:
            self._is_behind = True
        elif self._desk.picture.pause is None:
            self._hear()
        self._draw()

    @on(Refused)
    def take_refusal(self, message: Refused) -> None:
        """Say why there are none."""
        message.stop()
        self._says = message.text
        self._draw()

    def _catch_up(self) -> None:
        ring = self._desk.picture.happened
        if self._events and ring and ring[0].seq > self._events[-1].seq + 1:
            self._is_behind = True
        if self._is_behind and self._desk.picture.is_connected:
            self._is_behind = False
            self._ask(None)
        elif not self._is_behind:
            self._hear()

    def _hear(self) -> None:
        last = self._events[-1].seq if self._events else 0
        new = [event for event in self._desk.picture.happened if event.seq > last]
        if new:
            self._is_whole = self._is_whole and len(self._events) + len(new) <= KEPT
            self._events = [*self._events, *new][-KEPT:]

    def _go_back(self, seq: int, height: int) -> None:
        """Ask for those until a moment, if they are not known as far back as there is room."""
        until = [event for event in self._events if event.seq <= seq]
        is_there = bool(until) and until[-1].seq == seq
        is_enough = is_there and (self._is_whole or len(until) >= height)
        picture = self._desk.picture
        if not is_enough and picture.is_connected and not picture.is_cut_off:
            self._ask(seq + 1)

    def _draw(self) -> None:
        picture, look = self._desk.picture, self._desk.look
        moment = picture.pause.moment if picture.pause else None
        known = [event for event in self._events if moment is None or event.seq <= moment.seq]
        shown = known[-max(self.content_size.height, 1) :]
        now = self._desk.clock()
        cells = max((len(str(event.job_id)) for event in shown), default=0)
        told = [happenings.told(event, look.glyphs, now=now, cells=cells) for event in shown]
        self.show(*(told or [[(self._says, QUIET)]]))

    @work(group="happened", exclusive=True, exit_on_error=False)
    async def _ask(self, before: int | None) -> None:
        try:
            page: EventPage = await self._desk.source.past(before=before, limit=KEPT)
        except JoborchError as error:
            self.post_message(Refused(one_line(error.message)))
        else:
            self.post_message(EventsCame(before, page))
