"""Lines of text with colours; drawn again only when they differ."""

from collections.abc import Iterator

from textual.content import Content
from textual.reactive import reactive
from textual.visual import VisualType
from textual.widget import Widget

from joborch.tui.formatting import ASCII, UNICODE

Part = str | tuple[str, str]
"""Text fit for a terminal, alone or with a style."""


class Lines(Widget):
    """One line or several; what has no room at the right edge ends with the sign of more."""

    content: reactive[Content] = reactive(Content(""))

    def show(self, *lines: list[Part]) -> None:
        """Show these lines."""
        self.content = Content("\n").join(Content.assemble(*parts) for parts in lines)

    def show_text(self, text: str) -> None:
        """Show the lines of a text."""
        self.content = Content(text)

    def render(self) -> VisualType:
        """Draw."""
        more = (ASCII if self.app.has_class("-ascii") else UNICODE).more
        width = self.content_size.width
        found = self.content.split("\n", allow_blank=True)
        return Content("\n").join(_cut(line, width, more) for line in found)


def hanging(line: Content, width: int, indent: int) -> Iterator[Content]:
    """Yield a line, and what it has no room for indented below it."""
    if line.cell_length <= width or width <= indent:
        yield line
        return
    first, *others = line.wrap(width - indent)
    yield first
    for other in others:
        yield Content(" " * indent) + other


def _cut(line: Content, width: int, more: str) -> Content:
    if line.rstrip().cell_length <= width:
        return line
    return line.truncate(max(width - len(more), 0)) + more
