"""Who may come in to the dashboard in a browser. Knows nothing of sockets.

Whoever has the link that the terminal shows gets a cookie for it, once: a link that was seen over a
shoulder, or is in a browser's history, opens nothing. Then there is a new link.
"""

import secrets
from ipaddress import ip_address

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - recognised, not chosen
"""Stands for every address of this machine."""


class Gate:
    """The names that the page is known by, the link that opens it, and who has been let in."""

    def __init__(self, host: str) -> None:
        """Let nobody in yet; ``host`` is where it listens."""
        self.token = secrets.token_urlsafe(24)
        """Opens the gate, once."""
        self._names = _names(host)
        self._cookies: set[str] = set()

    def admit(self, token: str) -> str | None:
        """Return a new cookie for the token, which is then worth nothing; None for a wrong one."""
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            return None
        self.token = secrets.token_urlsafe(24)
        cookie = secrets.token_urlsafe(24)
        self._cookies.add(cookie)
        return cookie

    def knows(self, cookie: str) -> bool:
        """Say whether it was given for a token."""
        return cookie in self._cookies

    def is_ours(self, host: str) -> bool:
        """Say whether a ``Host`` header names this page, and not one that only resolves to it."""
        return self._names is None or _name_in(host) in self._names

    def is_own_page(self, origin: str | None, host: str) -> bool:
        """Say whether a page of this origin is ours; another port of the same host is not."""
        return origin in {f"http://{host}", f"https://{host}"}


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _names(host: str) -> frozenset[str] | None:
    """Return what a browser may call it; None: on all addresses it may have any name."""
    if host in EVERYWHERE:
        return None
    return LOOPBACK | {host} if is_loopback(host) else frozenset({host})


def _name_in(host: str) -> str:
    """Return a ``Host`` header without the port and the brackets of IPv6."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name.strip("[]").lower()
