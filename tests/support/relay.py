"""Stands between a client and a real server, and can hold a submission back or refuse some."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.support.stub_server import Answer, Heard, StubServer

ROUTES = (
    "GET /api/v1/meta",
    "GET /api/v1/services",
    "GET /api/v1/usage",
    "GET /api/v1/jobs",
    "POST /api/v1/jobs",
)
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "host"}


@dataclass
class Relay:
    """Hands everything on, except that it holds the submission with this number."""

    target: str
    stub: StubServer
    held: int | None = None
    after_the_server_took_it: bool = False
    down_after: int | None = None
    """So many submissions pass; the others are told to come again later."""
    is_holding: threading.Event = field(default_factory=threading.Event)
    _released: threading.Event = field(default_factory=threading.Event)
    _delivered: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return self.stub.url

    @property
    def submissions(self) -> int:
        return self.stub.paths().count("POST /api/v1/jobs")

    def release(self) -> None:
        """Hand on what was held, and wait until it has arrived."""
        self._released.set()
        if self.is_holding.is_set():
            assert self._delivered.wait(20)

    def reply(self, heard: Heard) -> Answer:
        if heard.method == "POST" and self.submissions == self.held:
            return self._hold(heard)
        if heard.method == "POST" and self.submissions > (self.down_after or self.submissions):
            return Answer(status=503)
        return self._hand_on(heard)

    def _hold(self, heard: Heard) -> Answer:
        answer = self._hand_on(heard) if self.after_the_server_took_it else None
        self.is_holding.set()
        assert self._released.wait(60)
        answer = answer or self._hand_on(heard)
        self._delivered.set()
        return answer

    def _hand_on(self, heard: Heard) -> Answer:
        headers = {k: v for k, v in heard.headers.items() if k.lower() not in HOP_BY_HOP}
        answer = httpx.request(
            heard.method,
            f"{self.target}{heard.path}",
            params=heard.query,
            headers=headers,
            content=heard.body,
            trust_env=False,
            timeout=30,
        )
        kind = {"Content-Type": answer.headers["content-type"]}
        return Answer(status=answer.status_code, body=answer.content, headers=kind)


@contextmanager
def a_relay(target: str) -> Iterator[Relay]:
    """Relay to ``target`` until the block ends."""
    with StubServer().running() as stub:
        relay = Relay(target, stub)
        for route in ROUTES:
            stub.on(route, relay.reply)
        yield relay
        relay.release()
