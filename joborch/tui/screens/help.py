"""All keys, what the signs of the states mean, and how to filter."""

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from joborch.tui.commands import GROUPS, HELP, TABLE, bindings
from joborch.tui.look import Look

MOVES = [one for one in TABLE if one.method not in {"action_open", "action_shift"}]
"""The keys that move from line to line in a table scroll here."""
FILTERS = """\
42  40-60  b-31[1-10]  @failed    jobs by id, range, batch, state
dock                              in the name
user:me service:a,b state:active name:dock-* agent:x batch:b-3
age>2h run<30s prio>=70 exit:1    times and numbers
tag:run=night  !word  "a word"    a tag; not; with a blank"""


class HelpScreen(ModalScreen[None]):
    """The help, made from the commands themselves."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(HELP, MOVES)]

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def compose(self) -> ComposeResult:
        """Show it; it scrolls where there is no room."""
        with VerticalScroll(id="dialog") as box:
            box.border_title = "Help"
            yield Static("\n".join(self._lines()), id="help-text", markup=False)

    def on_mount(self) -> None:
        """Let the mouse wheel and the keys scroll."""
        self.query_one("#dialog").focus()

    def action_move(self, by: int) -> None:
        """Show what is further down."""
        self.query_one("#dialog").scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Show what is a page further down."""
        box = self.query_one("#dialog")
        box.scroll_relative(y=by * max(box.size.height - 1, 1), animate=False)

    def action_jump(self, place: int) -> None:
        """Show the beginning, or with -1 the end."""
        box = self.query_one("#dialog")
        box.scroll_to(y=0 if place == 0 else box.max_scroll_y, animate=False)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)

    def _lines(self) -> Iterator[str]:
        for title, commands in GROUPS.items():
            yield title
            shown = [c for c in commands if not (c.changes and self._look.is_read_only)]
            cells = [f"  {self._look.keymap.displayed(c):<9} {c.text}" for c in shown]
            half = -(-len(cells) // 2)
            for left, right in zip(cells[:half], [*cells[half:], ""], strict=False):
                yield f"{left:<36}{right}".rstrip()
            yield ""
        yield "Signs"
        marks = self._look.glyphs.marks
        signs = [f"{sign} {state.replace('_', ' ')}" for state, sign in marks.items()]
        signs.append(f"{self._look.glyphs.cleaned} results removed")
        for start in range(0, len(signs), 4):
            yield "  " + "".join(f"{sign:<17}" for sign in signs[start : start + 4]).rstrip()
        yield "  g and such a letter lists those jobs only, as a click on their number does"
        first = self._look.keymap.first
        mark, fold = first("jobs.mark"), first("table.open")
        yield f"  on a group's heading {mark} marks its jobs, {fold} folds them; it is no job"
        yield ""
        yield "Filter"
        yield from (f"  {line}" for line in FILTERS.splitlines())
