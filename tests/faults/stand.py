"""A server that is made to die, or to fail, at a chosen system call, and is then started again.

With an agent played by hand, and errands whose steps may all be repeated.
"""

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT
from typing import Any

import httpx

from joborch.domain.quotas import Limits
from tests.faults import invariants
from tests.faults.nursery import Child, Nursery
from tests.faults.oracle import Ticket
from tests.faults.strace import Injection, watched
from tests.support.hand_agent import HandAgent
from tests.support.waiting import wait_until

QUOTAS = {"example": Limits(per_user=3, total=None)}
_HELLO = re.compile(r"serves at (http://\S+:(\d+)) ")
_FLAGS = {"service": ["example:per_user=3"], "poll_s": "2s", "reserve": "1"}


@dataclass(slots=True)
class Stand:
    """One data directory and whoever serves it at the moment."""

    home: Path
    nursery: Nursery
    server: Child = field(init=False)
    http: httpx.Client = field(init=False)
    agent: HandAgent = field(init=False)
    tickets: list[Ticket] = field(default_factory=list)
    journal: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The ids that were answered to each ticket."""
    there: frozenset[Path] = frozenset()
    """What was in its directory when it began to be watched last."""
    _port: int = 0

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        """The calls that were watched last."""
        return self.home / "calls"

    def open(self) -> None:
        """Start for the first time, over nothing."""
        self.start()
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self._port}",
            headers={"connection": "close"},
            trust_env=False,
            timeout=20,
        )
        self.enrol()

    def enrol(self) -> None:
        """Let an agent introduce itself."""
        self.agent = HandAgent(self.http)

    def start(self, **flags: Any) -> None:
        """Start the server, and wait until it serves."""
        self._fork(is_held=False, **flags)
        self._wait_ready()
        assert self.server.is_alive, self.server.said

    def revive(self) -> None:
        """Start the server again if it has ended, as a service manager would."""
        if not self.server.is_alive:
            self.server.wait()
            self.start()

    def forget(self) -> None:
        """Begin again over an empty directory."""
        self.server.end()
        shutil.rmtree(self.data)
        self.tickets.clear()
        self.journal.clear()

    @contextmanager
    def watched(self, calls: str, injection: Injection | None = None) -> Iterator[None]:
        """Do something while the server is watched, and perhaps dies of it."""
        self.there = frozenset(self.data.rglob("*"))
        with watched(self.server.pid, self.log, calls=calls, injection=injection):
            yield

    @contextmanager
    def start_watched(
        self, calls: str, injection: Injection | None = None, **flags: Any
    ) -> Iterator[None]:
        """Start, watched from the first call on; the block begins when it serves, or has died."""
        self._fork(is_held=True, **flags)
        with self.watched(calls, injection):
            os.kill(self.server.pid, SIGCONT)
            self._wait_ready()
            yield

    def violations(self) -> list[str]:
        """Check what must be true of the server's files whenever no job is under way."""
        with invariants.opened(self.data / "joborch.db") as database:
            return [
                *invariants.ends_once(database),
                *invariants.follows_the_table(database),
                *invariants.keeps_quotas(database, QUOTAS),
                *invariants.keeps_what_was_accepted(database, self.tickets, self.journal),
                *invariants.counts_right(database),
                *invariants.leaves_no_orphans(database, self.data),
                *invariants.all_ended(database),
            ]

    def _fork(self, *, is_held: bool, **flags: Any) -> None:
        flags = {"data": str(self.data), "port": self._port, **_FLAGS, **flags}
        self.server = self.nursery.fork(flags, is_held=is_held)

    def _wait_ready(self) -> None:
        """Wait until the server listens, or has ended."""
        wait_until(
            lambda: _HELLO.search(self.server.said) or not self.server.is_alive,
            timeout=20,
            describe=lambda: self.server.said,
        )
        if found := _HELLO.search(self.server.said):
            self._port = int(found[2])


@contextmanager
def a_stand(home: Path, nursery: Nursery) -> Iterator[Stand]:
    """Open one below ``home``; in the end nothing of it is left."""
    home.mkdir(exist_ok=True)
    stand = Stand(home, nursery)
    stand.open()
    try:
        yield stand
    finally:
        stand.server.end()
        stand.http.close()
        shutil.rmtree(home)
