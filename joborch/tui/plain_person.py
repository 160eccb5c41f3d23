"""Who sits at a terminal and answers questions in whole lines."""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Self


class Person:
    """Who sits at a terminal, and answers in lines; a context manager."""

    def __init__(self, terminal: int, say: Callable[[str], None]) -> None:
        """Read nothing yet from the file descriptor."""
        self.say = say
        self._terminal, self._lines = terminal, deque[str]()
        self._came = asyncio.Event()
        self._rest = b""

    def __enter__(self) -> Self:
        """Begin to listen."""
        asyncio.get_running_loop().add_reader(self._terminal, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        asyncio.get_running_loop().remove_reader(self._terminal)

    async def answer(self, question: str = "") -> str:
        """Ask, and return the next line.

        Raises:
            EOFError: when there will be no more.
        """
        if question:
            self.say(question)
        while not self._lines:
            self._came.clear()
            await self._came.wait()
        line = self._lines.popleft()
        if not line:
            raise EOFError
        return line.strip()

    def _read(self) -> None:
        data = os.read(self._terminal, 4096)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._lines += [line.decode(errors="replace") + "\n" for line in lines]
        if not data:
            self._lines.append("")
            asyncio.get_running_loop().remove_reader(self._terminal)
        self._came.set()
