"""What is typed after ``:``, and the list of all actions to choose from."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.suggester import SuggestFromList

from joborch.domain.text import one_line
from joborch.tui.commands import EVERYWHERE, GROUPS, TABLE
from joborch.tui.dialogs.prompt import PromptDialog
from joborch.tui.lines import TABS
from joborch.tui.messages import JobsWanted
from joborch.tui.ordering import COLUMNS, Order
from joborch.tui.screens.jobs import JobsScreen
from joborch.tui.travelling import TravellingApp

WORDS = (*TABS, "filter", "sort", "theme", "help", "quit")
_SHORT = {"q": "quit", "q!": "quit", "wq": "quit", "h": "help"}


@dataclass(frozen=True, slots=True)
class Typed:
    """A word and what came after it."""

    word: str
    rest: str


def read(text: str) -> Typed:
    """Split what was typed."""
    word, _, rest = text.strip().removeprefix(":").partition(" ")
    return Typed(_SHORT.get(word, word), rest.strip())


def order_of(text: str) -> Order:
    """Read ``age`` or ``-age``."""
    return Order(text.removeprefix("-"), text.startswith("-"))


class Actions(Provider):
    """Everything that can be done from where one is, for the palette."""

    async def discover(self) -> Hits:
        """Yield all."""
        for name, target in self._possible():
            yield DiscoveryHit(name, target)

    async def search(self, query: str) -> Hits:
        """Yield what resembles what was typed."""
        matcher = self.matcher(query)
        for name, target in self._possible():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), target)

    def _possible(self) -> Iterator[tuple[str, Callable[[], Awaitable[bool]]]]:
        found = {one.binding.id: one for one in self.screen.active_bindings.values()}
        keymap = cast("CommandedApp", self.app).desk.look.keymap
        own_first = sorted(GROUPS.items(), key=lambda one: one[1] in (EVERYWHERE, TABLE))
        for group, commands in own_first:
            for command in commands:
                if active := found.get(command.id):
                    name = f"{group}: {command.text} ({keymap.displayed(command)})"
                    yield name, partial(self.app.run_action, command.action, active.node)


class CommandedApp(TravellingApp):
    """The part of the dashboard that is told in words what to do."""

    ENABLE_COMMAND_PALETTE = True
    COMMANDS = {Actions}  # noqa: RUF012 - so it is declared
    jobs: JobsScreen

    def action_command(self) -> None:
        """Type a command."""
        words = [*WORDS, *(f"sort {column}" for column in COLUMNS)]
        words += [f"theme {name}" for name in sorted(self.available_themes)]
        dialog = PromptDialog(
            "Command",
            "  ".join(WORDS),
            mistake=self._mistake,
            suggester=SuggestFromList(words, case_sensitive=False),
        )
        self.push_screen(dialog, self._obey)

    async def _obey(self, text: str | None) -> None:
        typed = read(text or "")
        match typed.word:
            case "":
                return
            case "filter":
                self.post_message(JobsWanted(typed.rest))
            case "sort":
                await self.run_action("app.show('jobs')")
                self.jobs.sort(order_of(typed.rest))
            case "theme":
                self.theme = typed.rest
            case "help":
                await self.run_action("app.help")
            case "quit":
                self.exit(return_code=0)
            case screen:
                await self.run_action(f"app.show('{screen}')")

    def _mistake(self, text: str) -> str | None:
        typed = read(text)
        if typed.word and typed.word not in WORDS:
            return f"There is no {one_line(typed.word)}; there are {' '.join(WORDS)}"
        if typed.word == "sort" and order_of(typed.rest).column not in COLUMNS:
            return f"Sort by what? {' '.join(COLUMNS)}; - in front turns it round"
        if typed.word == "theme" and typed.rest not in self.available_themes:
            return f"Which theme? {' '.join(sorted(self.available_themes))}"
        return None
