"""httpx, loaded when the first request is made, and without its own command line.

Who asks a server nothing, as for help or over a mistake, does not wait for it; and that command
line would import click and rich: 45 ms for nothing.
"""

import sys


def __getattr__(name: str) -> object:
    """Import httpx and return what it calls so; the next time, it is simply there."""
    if "httpx" not in sys.modules:
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "not there"
    import httpx

    found: object = getattr(httpx, name)
    globals()[name] = found
    return found
