"""From one main screen to another, and back."""

from textual.widgets import Input

from joborch.tui.commanding import CommandedApp
from joborch.tui.lines import TABS
from joborch.tui.screens.site import SiteScreen


class TurningApp(CommandedApp):
    """The part of the dashboard that shows one screen after another."""

    def __init__(self, *, ansi_color: bool | None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._last_mode = "jobs"
        """The main screen that was shown before this one."""

    def action_show(self, name: str) -> None:
        """Show one of the main screens."""
        if name != self.current_mode:
            self._last_mode = self.current_mode
        self.switch_mode(name)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_last(self) -> None:
        """Show what was shown before."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.action_show(self._last_mode)

    def action_turn(self, by: int) -> None:
        """Show the next main screen; leave a field where something is typed."""
        if isinstance(self.focused, Input) or len(self.screen_stack) > 1:
            self.screen.focus_next()
            return
        names = [*TABS]
        self.action_show(names[(names.index(self.current_mode) + by) % len(names)])

    async def action_back(self) -> None:
        """Undo one thing; leave the screen if there is none."""
        screen = self.screen
        if isinstance(screen, SiteScreen) and screen.step_back():
            return
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif self.current_mode != "jobs":
            self.action_show("jobs")

    def action_quit_or_back(self) -> None:
        """Leave the screen, or the program from a main screen; jobs are not concerned."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.exit(return_code=0)
