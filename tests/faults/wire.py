"""The wire between agents and their server, as a small TCP proxy that a test can meddle with.

It counts what agents send, can hold it up after so many bytes, and can damage one of them.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PIECE_BYTES = 64 * 1024


@dataclass(slots=True)
class Wire:
    """Carries every connection to ``port`` on to the server; ``sent`` is what agents sent."""

    server_port: int
    sent: int = 0
    damages_at: int | None = None
    """Which byte of all that agents send is changed on the way."""
    _held_at: int | None = None
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _change: threading.Condition = field(default_factory=threading.Condition)

    @property
    def port(self) -> int:
        """Where agents reach it."""
        return int(self._listener.getsockname()[1])

    @property
    def is_held(self) -> bool:
        """Whether as much has gone by as may, for now."""
        return self._held_at is not None and self.sent >= self._held_at

    def hold_after(self, count: int) -> None:
        """Let so many bytes more go by, and none after them until :meth:`release`."""
        with self._change:
            self._held_at = self.sent + count

    def damage_after(self, count: int) -> None:
        """Change the byte that comes after so many more."""
        with self._change:
            self.damages_at = self.sent + count

    def release(self) -> None:
        """Let everything go by again."""
        with self._change:
            self._held_at = None
            self._change.notify_all()

    def serve(self) -> None:
        """Carry connections until :meth:`close`."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self.release()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _connect(self, near: socket.socket) -> None:
        server = ("127.0.0.1", self.server_port)
        with near, suppress(OSError), socket.create_connection(server) as far:
            back = threading.Thread(target=_carry, args=(far, near), daemon=True)
            back.start()
            self._carry_out(near, far)
            back.join()

    def _carry_out(self, near: socket.socket, far: socket.socket) -> None:
        """Carry what an agent sends, under the eyes of the test."""
        with suppress(OSError):
            while piece := near.recv(PIECE_BYTES):
                far.sendall(self._let_by(piece))
        _close(far)

    def _let_by(self, piece: bytes) -> bytes:
        with self._change:
            self._change.wait_for(lambda: not self.is_held)
            place = -1 if self.damages_at is None else self.damages_at - self.sent
            self.sent += len(piece)
            if not 0 <= place < len(piece):
                return piece
            self.damages_at = None
            return piece[:place] + bytes([piece[place] ^ 1]) + piece[place + 1 :]


@contextmanager
def a_wire(server_port: int) -> Iterator[Wire]:
    """Lay a wire to a server that listens on this machine, now or later."""
    wire = Wire(server_port)
    threading.Thread(target=wire.serve, name="wire", daemon=True).start()
    try:
        yield wire
    finally:
        wire.close()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE_BYTES):
            target.sendall(piece)
    _close(target)


def _close(connection: socket.socket) -> None:
    """End both directions, so that both ends see that the other has gone."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
