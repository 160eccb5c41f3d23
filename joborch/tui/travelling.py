"""The keys that stop time on the screen and turn it back."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from textual import on, work

from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui.journey import PRESENT, Journey
from joborch.tui.messages import Refused, Travelled
from joborch.tui.news import News
from joborch.tui.shelling import ShellingApp


class TravellingApp(ShellingApp):
    """The part of the dashboard that knows of other times than now."""

    journey: Journey

    def action_pause(self) -> None:
        """Let everything on the screen stay as it is, or go on."""
        picture = self.desk.picture
        if picture.pause:
            self.journey.go_on()
        elif self.desk.feed.is_behind:
            self.notify("the jobs are still being listed", severity="warning")
            return
        else:
            self.journey.pause()
        self.spread(News(is_all=True))

    def action_step(self, by: int) -> None:
        """Show how it was one event earlier or later."""
        if self._is_paused():
            self._travel(lambda: self.journey.step(by))

    def action_stride(self, minutes: int) -> None:
        """Show how it was some minutes earlier or later."""
        if self._is_paused():
            self._travel(lambda: self.journey.stride(timedelta(minutes=minutes)))

    @on(Travelled)
    def arrive(self, message: Travelled) -> None:
        """Show the moment, or say that it goes no further."""
        if message.said == PRESENT:
            self.notify(f"{PRESENT}; {self._pause_key} goes on")
        elif message.said:
            self.notify(message.said)
        self.spread(message.news)

    def _may_act(self) -> bool:
        if self.desk.picture.is_past:
            self.notify(
                f"this is the past: nothing was sent; {self._pause_key} goes on", severity="error"
            )
            return False
        return super()._may_act()

    @property
    def _pause_key(self) -> str:
        return self.desk.look.keymap.first("app.pause")

    def _is_paused(self) -> bool:
        if not self.desk.picture.pause:
            self.notify(f"{self._pause_key} pauses first", severity="warning")
        return self.desk.picture.pause is not None

    @work(group="journey", exit_on_error=False)
    async def _travel(self, move: Callable[[], Awaitable[tuple[News, str]]]) -> None:
        try:
            news, said = await move()
        except JoborchError as error:
            self.post_message(Refused(one_line(error.message)))
        else:
            self.post_message(Travelled(news, said))
