"""What `joborch --version` says: this program, and the server if it answers at once."""

import json
import sys
import threading
from contextlib import closing
from urllib.parse import urlsplit

from joborch import __version__
from joborch.cli.chosen import settings_of
from joborch.cli.options import Common
from joborch.client.settings import ClientSettings
from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line

PATIENCE_S = 0.3
MOST_BYTES = 64 * 1024


def version_line(options: Common) -> str:
    """Return the one line; a server that is not there in 300 ms is not in it."""
    python = ".".join(map(str, sys.version_info[:3]))
    line = f"joborch {__version__} (python {python})"
    try:
        settings = settings_of(options)
    except JoborchError:
        return line
    answered: list[str] = []
    # A thread, since looking up a name has no time limit of its own; nobody waits for it.
    asking = threading.Thread(target=_ask, args=(settings, answered), daemon=True)
    asking.start()
    asking.join(PATIENCE_S)
    return " · ".join([line, *answered])


def _ask(settings: ClientSettings, answered: list[str]) -> None:
    """Ask with the standard library, which loads in a fraction of httpx's time."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = urlsplit(settings.server)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    headers = {"Accept": "application/json"}
    if settings.token:
        headers["Authorization"] = f"Bearer {settings.token.text}"
    try:
        with closing(kind(parts.hostname or "", parts.port, timeout=PATIENCE_S)) as connection:
            connection.request("GET", f"{parts.path.rstrip('/')}/api/v1/meta", headers=headers)
            meta = json.loads(connection.getresponse().read(MOST_BYTES))
        told = f"server {meta['version']} at {settings.server} (api {meta['api']})"
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return  # no server, or none of ours: it is not worth a word here
    answered.append(one_line(told))
