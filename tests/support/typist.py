"""Somebody at a terminal: a program on a pseudo-terminal, typed into and looked at."""

import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path

from tests.support.waiting import wait_until

ROWS, COLUMNS = 30, 100


@dataclass(slots=True)
class Typist:
    """Who types, and what stood on the screen so far, control characters and all."""

    process: "subprocess.Popen[bytes]"
    _master: int
    screen: str = ""

    def types(self, text: str) -> None:
        os.write(self._master, text.encode())

    def sees(self, text: str, timeout: float = 20) -> None:
        """Wait until a text is on the screen."""
        wait_until(lambda: text in self._look(), timeout=timeout, describe=lambda: self.screen)

    def sees_the_end(self, timeout: float = 30) -> int:
        """Wait until the program has ended, and return its exit status."""

        def has_ended() -> bool:
            self._look()
            return self.process.poll() is not None

        wait_until(has_ended, timeout=timeout, describe=lambda: self.screen)
        return self.process.wait()

    def hangs_up(self) -> None:
        """Close the terminal; what it leads no session of is not told."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _look(self) -> str:
        while select.select([self._master], [], [], 0.01)[0]:
            try:
                self.screen += os.read(self._master, 65536).decode(errors="replace")
            except OSError:  # the other side has closed
                break
        return self.screen


@contextmanager
def at(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Iterator[Typist]:
    """Sit at a terminal with a program on it, which does not outlive this."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, cwd=cwd, env=env, start_new_session=True
    )
    os.close(slave)
    typist = Typist(process, master)
    try:
        yield typist
    finally:
        process.kill()
        process.wait()
        typist.hangs_up()
