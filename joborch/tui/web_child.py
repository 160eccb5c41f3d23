"""The dashboard as the process behind a page in a browser."""

import os
import threading
import time
from typing import Any

from joborch.tui.app import main as show

LOOK_S = 1.0


def main(*, parent: int, **settings: Any) -> int:
    """Show the dashboard until its page is closed, or until nobody is there to show it to."""
    watcher = threading.Thread(target=_end_with, args=(parent,), daemon=True, name="parent")
    watcher.start()
    return show(**settings)


def _end_with(parent: int) -> None:
    """End when ``parent`` has: were it killed, nothing would read or close our pipes.

    At once, since there is no terminal to restore and what is drawn goes nowhere.
    """
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(143)
