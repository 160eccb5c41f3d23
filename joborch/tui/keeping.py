"""Writing into a new file what is on the screen; what is there already is never touched."""

import asyncio
from pathlib import Path

from textual import on

from joborch.domain.errors import JoborchError
from joborch.tui.dialogs.prompt import PromptDialog
from joborch.tui.fetching import mistake
from joborch.tui.messages import KeepWanted
from joborch.tui.operating import OperatingApp


def keep(text: str, path: Path) -> str:
    """Write a text into a new file, and say so.

    Raises:
        JoborchError: the file is there already, or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise JoborchError(f"{path} was not written: {error.strerror}") from error
    return f"wrote {path}"


class KeepingApp(OperatingApp):
    """The part of the dashboard that writes files."""

    @on(KeepWanted)
    def ask_for_a_file(self, message: KeepWanted) -> None:
        """Let a person type where it is to go; there is nothing to type in a browser."""
        if not self.may_write_files():
            return

        def answered(typed: str | None) -> None:
            if typed is not None:
                self.keep(message.text, Path(typed).expanduser())

        dialog = PromptDialog(
            f"Save {message.what} as",
            "A new file. What is there already is not touched.",
            value=message.name,
            mistake=mistake,
        )
        self.push_screen(dialog, answered)

    def keep(self, text: str, path: Path) -> None:
        """Write a text into a new file, and tell what came of it."""
        self._act(lambda: asyncio.to_thread(keep, text, path))

    def may_write_files(self) -> bool:
        """Return whether files would be written where the person is; say so if not."""
        if self.is_web:
            self.notify("not from a browser: files would be written at its server")
        return not self.is_web
