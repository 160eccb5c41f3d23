"""httpx without its own command line, which would import click and rich: 45 ms for nothing."""

import sys

if "httpx" not in sys.modules:
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "not there"
import httpx

__all__ = ["httpx"]
