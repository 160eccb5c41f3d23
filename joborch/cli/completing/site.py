"""What a server knows, for completion: asked at most once a minute, and never waited for long.

It speaks HTTP with the standard library: the SDK is for whom an answer is worth loading it.
"""

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import http.client

PATIENCE_S = 0.3
"""For all that one TAB asks."""
MOST_JOBS = 100
JOBS_AGE_S, OTHERS_AGE_S = 5.0, 60.0
MOST_BYTES = 4 << 20


class SiteUnknownError(Exception):
    """There is no server that answers in time."""


class Site:
    """A server as far as completion needs it; the options are those given on the line."""

    def __init__(self, given: Mapping[str, str]) -> None:
        """Ask for nothing yet."""
        self._given = given
        self._deadline: float | None = None

    def jobs(self, states: str = "") -> list[dict[str, Any]]:
        """Return the newest jobs, newest first, or the newest in some states."""
        path = f"/api/v1/jobs?limit={MOST_JOBS}" + (f"&state={states}" if states else "")
        return self._items(path, JOBS_AGE_S)

    def services(self) -> list[dict[str, Any]]:
        """Return all services."""
        return self._items("/api/v1/services", OTHERS_AGE_S)

    def agents(self) -> list[dict[str, Any]]:
        """Return all agents."""
        return self._items("/api/v1/agents", OTHERS_AGE_S)

    def usage(self) -> list[dict[str, Any]]:
        """Return who has work where."""
        return self._items("/api/v1/usage", OTHERS_AGE_S)

    def _items(self, path: str, max_age_s: float) -> list[dict[str, Any]]:
        from joborch.cli.completing.cache import kept  # many TABs never come here

        return list(kept(f"{self._name()} {path}", max_age_s, lambda: self._ask(path)["items"]))

    def _name(self) -> str:
        """Name the server without finding out which it is: by all that decides it."""
        variables = ("JOBORCH_SERVER", "JOBORCH_PROFILE", "JOBORCH_CONFIG", "XDG_CONFIG_HOME")
        flags = ("--server", "--profile", "--config")
        words = [*map(os.environ.get, variables), *map(self._given.get, flags)]
        return repr(words)

    def _ask(self, path: str) -> Any:
        from pathlib import Path

        from joborch.client.settings import load_settings

        config = self._given.get("--config")
        settings = load_settings(
            flags={"server": self._given.get("--server")},
            profile=self._given.get("--profile"),
            config=Path(config) if config else None,
        )
        token = settings.token
        headers = {"Authorization": f"Bearer {token.text}"} if token else {}
        return self._got(settings.server, path, headers)

    def _got(self, server: str, path: str, headers: dict[str, str]) -> Any:
        import http.client  # most TABs are answered from the cache
        import json
        from urllib.parse import urlsplit

        url = urlsplit(server)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.hostname or "", url.port, timeout=self._left_s())
        try:
            connection.connect()
            connection.sock.settimeout(self._left_s())
            connection.request("GET", url.path.rstrip("/") + path, headers=headers)
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise SiteUnknownError(str(answer.status))
            return json.loads(self._read(connection, answer))
        finally:
            connection.close()

    def _read(
        self, connection: "http.client.HTTPConnection", answer: "http.client.HTTPResponse"
    ) -> bytes:
        """Read the body; every piece has to come before the deadline."""
        body = b""
        while len(body) < MOST_BYTES:
            left_s = self._left_s()
            if connection.sock is not None:
                connection.sock.settimeout(left_s)
            if not (piece := answer.read1(1 << 16)):
                return body
            body += piece
        raise SiteUnknownError("too much")

    def _left_s(self) -> float:
        if self._deadline is None:
            self._deadline = time.monotonic() + PATIENCE_S
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise SiteUnknownError("too late")
        return left_s
