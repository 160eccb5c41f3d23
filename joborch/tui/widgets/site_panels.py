"""The site beside the jobs, where there is room: quotas, agents, throughput, events."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size

from joborch.tui import lines
from joborch.tui.division import divided
from joborch.tui.look import Look
from joborch.tui.picture import Picture
from joborch.tui.plotting import throughput
from joborch.tui.site_lines import agent_panel, quota_panel
from joborch.tui.widgets.lines import Part
from joborch.tui.widgets.panels import Panel


class SitePanels(Container):
    """Panels beside or below each other, as the style sheet says."""

    def __init__(self, events: Panel, *, id: str) -> None:
        super().__init__(id=id)
        self._events = events
        """It shows what happens by itself, and only where panels are below each other."""

    def compose(self) -> ComposeResult:
        """Put up the panels; the numbers are the keys of the screens that have more."""
        yield Panel("Quotas 2", id="quotas")
        yield Panel("Agents 3", id="agents")
        yield Panel("Throughput 5", id="throughput")
        yield self._events

    def show(self, picture: Picture, look: Look) -> None:
        """Show how the site is now, as far as there is room for it."""
        if not self.size.width:
            return
        self._divide(picture, look)
        for panel in self.query(Panel):
            size = panel.content_size
            if size.width and panel.id == "quotas":
                panel.show(*quota_panel(picture, look, size.width, size.height))
            elif size.width and panel.id == "agents":
                panel.show(*agent_panel(picture, look, size.width, size.height))
            elif size.width and panel.id == "throughput":
                panel.show(*_throughput(picture, look, size))

    def _divide(self, picture: Picture, look: Look) -> None:
        """Give each panel as many lines as it needs; beside each other they are equally high."""
        quotas, agents, plot = (self.query_one(f"#{name}", Panel) for name in _DIVIDED)
        if not self._events.display:
            for panel in (quotas, agents, plot):
                panel.styles.height = None
            return
        width = quotas.content_size.width
        heights = divided(
            self.size.height,
            lambda most: len([*quota_panel(picture, look, width, most)]),
            lambda most: len([*agent_panel(picture, look, width, most)]),
        )
        for panel, height in zip((quotas, agents, plot), heights, strict=True):
            panel.styles.height = height


_DIVIDED = ("quotas", "agents", "throughput")


def _throughput(picture: Picture, look: Look, size: Size) -> Iterable[list[Part]]:
    if picture.is_past or picture.statistics is None:
        return [[(lines.NOT_KEPT if picture.is_past else lines.NOT_KNOWN, lines.QUIET)]]
    return throughput(picture.statistics, "15m", look, size.width, size.height)
