"""A text that may not have reached the clipboard, to be selected with the mouse."""

from joborch.tui.dialogs.text import TextDialog

HOW = (
    "It was sent to the clipboard, but not every terminal takes what is sent there.",
    "To select it by hand hold shift while you drag (on a Mac option, or fn). Esc closes this.",
)


class CopiedDialog(TextDialog):
    """The text at the left edge, with nothing beside it that would be selected with it."""

    def __init__(self, text: str) -> None:
        super().__init__("Copied", [*HOW, "", *text.splitlines()])
