"""Lines of text with colours; drawn again only when they differ."""

from textual.content import Content
from textual.reactive import reactive
from textual.visual import VisualType
from textual.widget import Widget

Part = str | tuple[str, str]
"""Text fit for a terminal, alone or with a style."""


class Lines(Widget):
    """One line or several, cut at the right edge."""

    content: reactive[Content] = reactive(Content(""))

    def show(self, *lines: list[Part]) -> None:
        """Show these lines."""
        self.content = Content("\n").join(Content.assemble(*parts) for parts in lines)

    def show_text(self, text: str) -> None:
        """Show the lines of a text."""
        self.content = Content(text)

    def render(self) -> VisualType:
        """Draw."""
        return self.content
