"""A site that is nothing but large and busy: answers as a server would, from memory.

It stands in for a server because what is measured is the dashboard; making 500 real events a second
would cost this machine more than showing them.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

RUNNING = 200
"""So many of the jobs run; the others wait."""
PAGE = 1000
STARTED = datetime.now(UTC) - timedelta(minutes=10)
SERVICE = {
    "name": "example",
    "per_user": 5,
    "max": RUNNING,
    "active": RUNNING,
    "queued": 0,
    "agents": 8,
    "slots": RUNNING,
    "time_limit_s": None,
    "configured": True,
}
TURN = {
    "service": "example",
    "user_id": "user-1",
    "job_id": RUNNING + 1,
    "reason": "quota_service",
}
SPREAD = {"count": 0, "p50_s": None, "p95_s": None, "p99_s": None}
STATISTICS = {
    "at": STARTED.isoformat(),
    "window_s": 900.0,
    "bucket_s": 60.0,
    "service": None,
    "buckets": [],
    **dict.fromkeys(("submitted", "completed", "failed", "cancelled", "queued", "held"), 0),
    "per_minute": 0.0,
    "active": RUNNING,
    "wait": SPREAD,
    "run": SPREAD,
    "drain": None,
    "drain_reason": "nothing ends",
}


@dataclass(slots=True)
class BusySite:
    """So many jobs, of which ``rate`` a second change."""

    jobs: int
    rate: int
    told: int = 0
    """How many events were sent."""
    priorities: dict[int, int] = field(default_factory=dict)

    def job(self, number: int) -> dict[str, object]:
        """Return a job as the server shows it."""
        runs = number <= RUNNING
        return {
            "id": number,
            "batch": f"b-{number // 250}",
            "array_index": number % 250,
            "user_id": f"user-{number % 40}",
            "service": "example",
            "name": f"dock-{number}",
            "state": "running" if runs else "queued",
            "priority": self.priorities.get(number, 50),
            "attempt": int(runs),
            "max_attempts": 3,
            "agent": f"compute-{number % 8}" if runs else None,
            "tags": {},
            "submitted_at": STARTED.isoformat(),
            "assigned_at": None,
            "started_at": STARTED.isoformat() if runs else None,
            "finished_at": None,
            "held_at": None,
            "not_before": None,
            "cancel_requested_at": None,
            "time_limit_s": None,
            "exit_code": None,
            "signal": None,
            "reason": None,
            "results": None,
        }

    def page(self, query: dict[str, str]) -> dict[str, object]:
        """Answer a question for jobs."""
        if ids := query.get("id"):
            numbers, following = [int(one) for one in ids.split(",")], None
        elif query.get("state") == "done":
            numbers, following = [], None
        else:
            start, limit = int(query.get("cursor", self.jobs)), int(query.get("limit", PAGE))
            end = max(start - limit, 0)
            numbers, following = list(range(start, end, -1)), str(end) if end else None
        items = [self.job(number) for number in numbers]
        return {"schema": "joborch.jobs/1", "items": items, "total": self.jobs, "next": following}

    def change_one(self) -> str:
        """Change any job, and return the event that tells of it."""
        number = random.randint(1, self.jobs)  # noqa: S311 - no secret
        self.priorities[number] = self.priorities.get(number, 50) % 100 + 1
        self.told += 1
        event = {
            "seq": self.told,
            "job_id": number,
            "attempt": 0,
            "event": "amend",
            "from_state": None,
            "to_state": "queued",
            "actor": "user:ann",
            "at": datetime.now(UTC).isoformat(),
        }
        return f"event: job\nid: {self.told}\ndata: {json.dumps(event)}\n\n"


@asynccontextmanager
async def listening(site: BusySite) -> AsyncIterator[str]:
    """Answer on a free port of this machine; yields the address."""
    answer: Callable[..., object] = lambda r, w: _converse(site, r, w)  # noqa: E731
    server = await asyncio.start_server(answer, "127.0.0.1", 0)  # type: ignore[arg-type]
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _converse(
    site: BusySite, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            split = urlsplit(head.split(b" ", 2)[1].decode())
            query = {key: ",".join(values) for key, values in parse_qs(split.query).items()}
            if split.path.endswith("/events"):
                await _tell(site, writer)
            else:
                _send(writer, _answer(site, split.path.rpartition("/")[2], query))
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        pass  # the dashboard has gone, or the measurement is over
    finally:
        writer.close()


def _answer(site: BusySite, what: str, query: dict[str, str]) -> dict[str, object] | None:
    match what:
        case "jobs":
            return site.page(query)
        case "services":
            return {"items": [SERVICE]}
        case "statistics":
            return STATISTICS
        case "waiting":
            return {"items": [], "turns": [TURN]}
        case "agents" | "usage":
            return {"items": []}
    return None


def _send(writer: asyncio.StreamWriter, value: dict[str, object] | None) -> None:
    status = "200 OK" if value is not None else "404 Not Found"
    body = json.dumps(value or {}).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\n\r\n".encode() + body)


async def _tell(site: BusySite, writer: asyncio.StreamWriter) -> None:
    """Send events, ten times a second as many as are due."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    writer.write(b"event: reset\ndata: {}\n\n")
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    while True:
        due = int((loop.time() - began) * site.rate)
        writer.write("".join(site.change_one() for _ in range(due - sent)).encode())
        sent = due
        await writer.drain()
        await asyncio.sleep(0.1)
