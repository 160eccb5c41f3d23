"""The clipboard of the terminal: it is sent to by an escape sequence that nothing ever answers.

So nobody can say that something is in it, only that it was sent there. Where it is known to be
ignored, or where something between may keep it, the text is shown as well, to be selected by hand.
"""

from collections.abc import Mapping

from textual import on

from joborch.tui.dialogs.copied import CopiedDialog
from joborch.tui.keeping import KeepingApp
from joborch.tui.messages import CopyWanted

BETWEEN = ("TMUX", "STY", "VTE_VERSION")
"""Set by tmux and screen, which pass it on only if they are told to, and by terminals that ignore
it."""
DEAF = ("screen", "tmux", "linux", "dumb", "vt")
"""How the names of such terminals begin; also at the other end of a connection."""
DEAF_PROGRAM = "Apple_Terminal"


def may_be_ignored(env: Mapping[str, str]) -> bool:
    """Return whether what is sent to the clipboard may well not get there."""
    is_deaf = env.get("TERM", "").startswith(DEAF) or env.get("TERM_PROGRAM") == DEAF_PROGRAM
    return is_deaf or any(env.get(name) for name in BETWEEN)


class CopyingApp(KeepingApp):
    """The part of the dashboard that copies."""

    def __init__(self, *, ansi_color: bool | None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._copied = ""
        """What was sent last, and not shown."""

    @on(CopyWanted)
    def copy(self, message: CopyWanted) -> None:
        """Send it to the clipboard; show it too where that is of no use, or the second time."""
        self.copy_to_clipboard(message.text)
        look, is_again = self.desk.look, message.text == self._copied
        if look.shows_copied or is_again:
            self._copied = ""
            self.push_screen(CopiedDialog(message.text))
            return
        self._copied = message.text
        key = look.keymap.first(message.command_id)
        what = f"sent to the terminal's clipboard: {message.what}"
        self.notify(f"{what} ({key} again shows it)", markup=False)
