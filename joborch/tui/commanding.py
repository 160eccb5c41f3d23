"""What is typed after ``:``."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.suggester import SuggestFromList

from joborch.domain.text import one_line
from joborch.tui.deeds import DEEDS, no_priority, set_priority
from joborch.tui.dialogs.prompt import PromptDialog
from joborch.tui.fetching import mistake
from joborch.tui.filters import parse_filter
from joborch.tui.keeping import keep
from joborch.tui.lines import TABS
from joborch.tui.messages import DeedWanted, JobsWanted
from joborch.tui.ordering import COLUMNS, Order
from joborch.tui.palette import Actions, Named, Themes
from joborch.tui.screens.jobs import JobsScreen
from joborch.tui.spreadsheet import csv_of
from joborch.tui.travelling import TravellingApp

JOBS_OF = {"users": "user", "agents": "agent", "services": "service"}
"""Screens of things that have jobs, and the word of a filter that names one of them."""
WORDS = (
    *TABS,
    "filter",
    "sort",
    *DEEDS,
    "prio",
    "ro",
    "rw",
    "shell",
    "svg",
    "theme",
    "write",
    "help",
    "quit",
)
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


def priority_of(text: str) -> tuple[str, str]:
    """Split ``12 80`` into the jobs and the priority."""
    jobs, _, priority = text.rpartition(" ")
    return jobs.strip(), priority


def _no_order(text: str) -> str | None:
    if order_of(text).column in COLUMNS:
        return None
    return f"Sort by what? {' '.join(COLUMNS)}; - in front turns it round"


class CommandedApp(TravellingApp):
    """The part of the dashboard that is told in words what to do."""

    ENABLE_COMMAND_PALETTE = True
    COMMANDS = {Actions, Named, Themes}  # noqa: RUF012 - so it is declared
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

    def choose_theme(self, name: str) -> None:
        """Show it in this theme, now and where none is named the next time as well."""
        self.theme = name
        if self.desk.look.is_colored and not self.is_web:
            self.desk.look.keep_theme(name)

    async def _obey(self, text: str | None) -> None:
        typed = read(text or "")
        if typed.word in JOBS_OF and typed.rest:
            self.post_message(JobsWanted(f"{JOBS_OF[typed.word]}:{typed.rest}"))
        elif typed.word in TABS:
            await self.run_action(f"app.show('{typed.word}')")
        elif typed.word in (*DEEDS, "prio"):
            self.post_message(self._deed(typed))
        elif typed.word:
            await self._order(typed)

    async def _order(self, typed: Typed) -> None:
        match typed.word:
            case "filter":
                self.post_message(JobsWanted(typed.rest))
            case "sort":
                await self.run_action("app.show('jobs')")
                self.jobs.sort(order_of(typed.rest))
            case "theme":
                self.choose_theme(typed.rest)
            case "svg":
                self.call_after_refresh(self._draw, typed.rest)
            case "write":
                self._write(typed.rest)
            case "ro" | "rw":
                self.let_change(typed.word == "rw")
            case "help" | "shell":
                await self.run_action(f"app.{typed.word}")
            case _:
                self.exit(return_code=0)

    def _mistake(self, text: str) -> str | None:
        typed = read(text)
        if typed.word and typed.word not in WORDS:
            return f"There is no {one_line(typed.word)}; there are {' '.join(WORDS)}"
        checks: dict[str, Callable[[str], str | None]] = {
            "sort": _no_order,
            "theme": self._no_theme,
            **dict.fromkeys(("svg", "write"), lambda name: mistake(name) if name else None),
            "prio": self._no_priority,
            **dict.fromkeys(DEEDS, self._no_jobs),
        }
        check = checks.get(typed.word)
        return check(typed.rest) if check else None

    def _no_theme(self, name: str) -> str | None:
        if name in self.available_themes:
            return None
        return f"Which theme? {' '.join(sorted(self.available_themes))}"

    def _no_priority(self, text: str) -> str | None:
        jobs, priority = priority_of(text)
        return no_priority(priority) or self._no_jobs(jobs)

    def _deed(self, typed: Typed) -> DeedWanted:
        """Return what is to be done, and to which jobs, as they are known now."""
        if typed.word in DEEDS:
            deed, jobs = DEEDS[typed.word], typed.rest
        else:
            jobs, priority = priority_of(typed.rest)
            deed = set_priority(int(priority))
        return DeedWanted(deed, self._jobs_that_pass(jobs), is_chosen=True)

    def _no_jobs(self, text: str) -> str | None:
        """Say why a filter names no jobs; None if it names some."""
        if not text:
            return "Which jobs? Ids, as 12-20, or any filter."
        try:
            return None if self._jobs_that_pass(text) else f"No job here is {one_line(text)}."
        except ValueError as error:
            return str(error)

    def _jobs_that_pass(self, text: str) -> list[int]:
        look = self.desk.look
        passes = parse_filter(text, me=look.user_id, now=look.now)
        return sorted(job.id for job in self.desk.picture.jobs.values() if passes(job))

    def _draw(self, name: str) -> None:
        """Write what is on the screen as a picture into a new file."""
        if self.may_write_files():
            self.keep(self.export_screenshot(), self._file(name, self.current_mode, "svg"))

    def _write(self, name: str) -> None:
        """Write the jobs that are listed into a new file, as a table."""
        if not self.may_write_files():
            return
        path, table, desk = self._file(name, "jobs", "csv"), self.jobs.table, self.desk
        jobs, names = table.listed, table.shown

        def write() -> str:
            return keep(csv_of(names, jobs, desk.picture, desk.look), path)

        self._act(lambda: asyncio.to_thread(write))

    def _file(self, name: str, what: str, ending: str) -> Path:
        """Return the file that was named, or one that says what is in it, and of when."""
        at = f"{self.desk.clock():%Y%m%d-%H%M%S}"
        return Path(name or f"joborch-{what}-{at}.{ending}").expanduser()
