"""A download that stands still after its first bytes, as on a slow line, until it is read on."""

import http.client
import socket

_SMALL_BUFFER = 16 * 1024
"""So that what is not read yet has to stay with the server."""


class SlowDownload:
    """One request on a connection of its own; its headers and first bytes are here."""

    def __init__(self, address: tuple[str, int], path: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection(*address, timeout=50)
        self._connection.sock = _connected(address)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", path, headers=named)
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self._begun = self._response.read(1024)

    def read_on(self) -> bytes:
        """Read to the end; returns all of the body. One that is torn raises IncompleteRead."""
        return self._begun + self._response.read()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _connected(address: tuple[str, int]) -> socket.socket:
    connected = socket.socket()
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
    connected.settimeout(50)
    connected.connect(address)
    return connected
