"""The original's client: ``client.py v1|v2 PORT``, with DATA_PATH, and DB_PATH for v2.

v1 executes what it was given from the threads that answer requests, WORKERS of them: with as many
jobs it answers nobody. It counts from 1 in each of its lives, over the directories of the last one.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tests.support.originals.book import Book, Row
from tests.support.originals.folders import zip_into_itself, zip_now
from tests.support.originals.forms import BadFormError, parse
from tests.support.originals.script_check import is_allowed
from tests.support.originals.ticks import every_half_second
from tests.support.originals.web import ZIP, Answer, BrokenOffError, says, serve, text

DATA = Path(os.environ.get("DATA_PATH", "data")).absolute()
WORKERS = int(os.environ.get("WORKERS", "4"))
OCTETS = "application/octet-stream"
NUMBERS = [str(number) for number in range(256)]


class Client:
    """What both generations do alike."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def answer(self, method: str, path: str, body: bytes, kind: str) -> Answer:
        first, _, rest = path.strip("/").partition("/")
        if (method, path) == ("GET", "/"):
            return says({"message": "pong"})
        if path == "/load":
            return says(12.5)
        if path == "/submit":
            return self.submit(body, kind)
        asked: dict[str, Callable[[Row], Answer]] = {
            "retrieve": self.retrieve,
            **self.more(),
        }
        if first not in asked:
            return Answer(404)
        if not rest.isdigit():
            return text(f"Invalid URL: Cannot parse `{rest}` to a `u32`", status=400)
        row = self.book.find(int(rest))
        return self.unknown() if row is None else asked[first](row)

    def submit(self, body: bytes, kind: str) -> Answer:
        try:
            files = {name.rsplit("/", 1)[-1]: data for _, name, data in parse(body, kind) if name}
        except ValueError as error:
            return text(str(error), status=400)
        except BadFormError:
            return self.malformed()
        row = self.book.add()
        folder = DATA / str(row.id)
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        row = replace(row, loc=str(folder), status="Prepared")
        self.book.change(row.id, loc=row.loc, status=row.status)
        return _echo(row.head(), files, self.tail(row))

    def more(self) -> dict[str, Callable[[Row], Answer]]:
        return {}

    def retrieve(self, row: Row) -> Answer:
        raise NotImplementedError

    def unknown(self) -> Answer:
        raise NotImplementedError

    def malformed(self) -> Answer:
        raise NotImplementedError

    def tail(self, row: Row) -> str:
        raise NotImplementedError


class First(Client):
    """v1."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self._workers = threading.Semaphore(WORKERS)

    def answer(self, method: str, path: str, body: bytes, kind: str) -> Answer:
        with self._workers:
            return super().answer(method, path, body, kind)

    def retrieve(self, row: Row) -> Answer:
        if row.status == "Completed":
            try:
                return Answer(200, zip_into_itself(Path(row.loc)), OCTETS)
            except OSError:
                return Answer(500)
        return Answer(204 if row.status == "Failed" else 202)

    def unknown(self) -> Answer:
        return Answer(404)

    def malformed(self) -> Answer:
        raise BrokenOffError

    def tail(self, row: Row) -> str:
        return f'"status":"{row.status}","loc":"{row.loc}"}}'

    def tick(self) -> None:
        """Run what waits, all at once, and do not look again before all of it has ended."""
        if waiting := self.book.all_in("Prepared"):
            with ThreadPoolExecutor(len(waiting)) as pool:
                list(pool.map(self._run, waiting))

    def _run(self, row: Row) -> None:
        with self._workers:
            script = Path(row.loc) / "run.sh"
            ended = subprocess.run(["bash", str(script)], cwd=row.loc, check=False)
            self.book.change(row.id, status="Failed" if ended.returncode else "Completed")


class Second(Client):
    """v2."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self._children: list[subprocess.Popen[bytes]] = []

    def answer(self, method: str, path: str, body: bytes, kind: str) -> Answer:
        if path == "/health":
            return says({"status": "ok", "database": "ok"})
        return super().answer(method, path, body, kind)

    def more(self) -> dict[str, Callable[[Row], Answer]]:
        return {"retrieve_partial": self.retrieve_partial, "kill": self.kill}

    def retrieve(self, row: Row) -> Answer:
        if row.status != "Completed":
            return says(row.payload())
        try:
            return Answer(200, zip_into_itself(Path(row.loc)), ZIP)
        except OSError:
            return says(Row().payload(), status=500)

    def retrieve_partial(self, row: Row) -> Answer:
        try:
            return Answer(200, zip_now(Path(row.loc)), ZIP)
        except OSError:
            return says(Row().payload(), status=500)

    def kill(self, row: Row) -> Answer:
        """End bash, and nothing that it started."""
        if row.pid and subprocess.run(["kill", "-TERM", str(row.pid)], check=False).returncode:
            return Answer(500)
        self.book.change(row.id, killed=True)
        return Answer(200)

    def unknown(self) -> Answer:
        return says(Row().payload(), status=404)

    def malformed(self) -> Answer:
        return says(Row().payload(), status=400)

    def tail(self, row: Row) -> str:
        return f'"status":"{row.status}","loc":"{row.loc}","pid":0,"killed":false}}'

    def run_waiting(self) -> None:
        for row in self.book.all_in("Prepared"):
            self.book.change(row.id, status="Running")
            script = Path(row.loc) / "run.sh"
            if not is_allowed(script):
                self.book.change(row.id, status="Invalid")
                continue
            self._children.append(subprocess.Popen(["bash", str(script)], cwd=row.loc))
            self.book.change(row.id, pid=self._children[-1].pid)

    def update(self) -> None:
        for row in self.book.all_in("Running"):
            note = Path(row.loc) / ".orchestrator.exit"
            if row.killed:
                self.book.change(row.id, status="Killed")
            elif note.exists() and (word := note.read_text().strip()).lstrip("-").isdigit():
                self.book.change(row.id, status="Failed" if int(word) else "Completed")


def _echo(head: str, files: dict[str, bytes], tail: str) -> Answer:
    """Repeat every byte that was sent as a number."""

    def pieces() -> Iterator[bytes]:
        yield f'{head},"input":{{'.encode()
        for count, (name, data) in enumerate(files.items()):
            yield f'{"," if count else ""}"{name}":['.encode()
            for at in range(0, len(data), 1 << 16):
                numbers = ",".join([NUMBERS[byte] for byte in data[at : at + (1 << 16)]])
                yield f"{',' if at else ''}{numbers}".encode()
            yield b"]"
        yield f"}},{tail}".encode()

    return Answer(200, kind="application/json", pieces=pieces(), size=_size(head, files, tail))


def _size(head: str, files: dict[str, bytes], tail: str) -> int:
    size = len(f'{head},"input":{{}},{tail}'.encode()) + max(len(files) - 1, 0)
    one, two = bytes(range(10)), bytes(range(100))
    for name, data in files.items():
        small, middle = len(data.translate(None, one)), len(data.translate(None, two))
        size += len(f'"{name}":[]'.encode()) + max(len(data) - 1, 0) + len(data) + small + middle
    return size


def main(generation: str, port: int) -> None:
    DATA.mkdir(parents=True, exist_ok=True)
    client: Client
    if generation == "v1":
        client = first = First(Book(":memory:"))
        turns = [first.tick]
    else:
        client = second = Second(Book(os.environ.get("DB_PATH", "db.sqlite")))
        turns = [second.run_waiting, second.update]
    for turn in turns:
        threading.Thread(target=every_half_second, args=(turn,), daemon=True).start()
    serve(port, client.answer)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
