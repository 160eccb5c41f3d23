"""The last line: keys that are of use here, as many as there is room for whole."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from joborch.tui.commands import GIVES_WAY


class Hints(Footer):
    """A footer that leaves hints out instead of cutting one in two."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)

    def compose(self) -> ComposeResult:
        """Show what there is room for."""
        hints = [hint for hint in super().compose() if isinstance(hint, FooterKey)]
        yield from fitting(hints, self.screen.size.width)

    def on_resize(self) -> None:
        """Show more of them, or fewer."""
        self.bindings_changed(self.screen)


def fitting(hints: Sequence[FooterKey], width: int) -> list[FooterKey]:
    """Return the hints without those that give way, the last ones first among equals."""
    kept = list(hints)
    while kept and sum(map(_cells, kept)) - 1 > width:
        kept.remove(max(reversed(kept), key=lambda hint: GIVES_WAY.get(hint.action, 0)))
    return kept


def _cells(hint: FooterKey) -> int:
    return cell_len(f"{hint.key_display} {hint.description} ")
