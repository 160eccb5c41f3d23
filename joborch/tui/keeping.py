"""Writing into a new file what is on the screen; what is there already is never touched.

But for what a person chooses there for good: that goes to the configuration file.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from textual import on

from joborch.client.config_editing import set_key
from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.tui.dialogs.prompt import PromptDialog
from joborch.tui.fetching import mistake
from joborch.tui.messages import ColumnsWanted, KeepWanted
from joborch.tui.operating import OperatingApp

COLUMNS = ("top", "columns")
"""The key of the configuration file."""
FOR_NOW = "these columns are for this session"


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


def keep_columns(names: Sequence[str], path: Path) -> str:
    """Write into a configuration file which columns were chosen, as `joborch config set` does.

    Raises:
        JoborchError: it could not be written, or would not be understood; it is as it was.
    """
    place = one_line(str(path))
    try:
        set_key(path, COLUMNS, ",".join(names))
    except OSError as error:
        raise JoborchError(f"{FOR_NOW}: {place}: {error.strerror}") from error
    except JoborchError as error:
        raise JoborchError(f"{FOR_NOW}: {error.message}", hint=error.hint) from error
    return f"these columns are top.columns in {place}"


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

    @on(ColumnsWanted)
    def keep_for_the_next_time(self, message: ColumnsWanted) -> None:
        """Keep which columns were chosen, where the person is who has chosen."""
        path = self.desk.look.config_file
        if path is not None and not self.is_web:
            self._act(lambda: asyncio.to_thread(keep_columns, message.names, path))

    def keep(self, text: str, path: Path) -> None:
        """Write a text into a new file, and tell what came of it."""
        self._act(lambda: asyncio.to_thread(keep, text, path))

    def may_write_files(self) -> bool:
        """Return whether files would be written where the person is; say so if not."""
        if self.is_web:
            self.notify("not from a browser: files would be written at its server")
        return not self.is_web
