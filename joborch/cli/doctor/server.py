"""Checks of the server itself: does it answer us, is it well, can it run anything."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from joborch import __version__
from joborch.cli.doctor.findings import Finding, failed, ok, skipped
from joborch.client import Orchestrator
from joborch.client.settings import ClientSettings
from joborch.domain.durations import format_duration
from joborch.domain.errors import (
    JoborchError,
    NotAllowedError,
    ServerBrokenError,
    ServerUnreachableError,
)
from joborch.wire.services import Meta

API = "v1"
MOST_SKEW = timedelta(seconds=30)
EVENTS_S = 5.0


def unreached(why: str) -> list[Finding]:
    """Report everything about a server that is not reached."""
    return [skipped(check, why) for check in CHECKS]


async def check_server(server: Orchestrator, settings: ClientSettings) -> AsyncIterator[Finding]:
    """Ask the server one thing after the other; without an answer to the first, no others."""
    try:
        meta = await server.meta()
    except NotAllowedError as error:
        why = "the token is refused" if settings.token else "a token is demanded"
        remedy = f"joborch login --server {settings.server}"
        yield failed("auth", f"{error.message}: {why}", remedy)
        return
    except JoborchError as error:
        check = "api" if isinstance(error, ServerBrokenError) else "auth"
        yield failed(check, error.message, error.hint or "see the server's log")
        return
    accepted = "; the token is accepted" if settings.token else ""
    yield ok("auth", f"the server's mode is {meta.auth!r}{accepted}")
    yield _version(meta)
    for name, look in FURTHER.items():
        try:
            yield await look(server)
        except JoborchError as error:
            yield failed(name, error.message, error.hint or "see the server's log")


def _version(meta: Meta) -> Finding:
    message = f"server {meta.version}, api {meta.api}; this client {__version__}"
    if meta.api == API:
        return ok("api", message)
    return failed("api", f"{message} speaks {API}", "install the client of the server's version")


async def _health(server: Orchestrator) -> Finding:
    health = await server.health()
    said = f"{health.status}, database {health.database}, disk {health.disk}"
    if health.disk == "ok":
        return ok("health", said)
    refused = "submissions" if health.disk == "low" else "submissions and the results of jobs"
    return failed("health", said, f"make room on the server's disk: it refuses {refused}")


async def _clock(server: Orchestrator) -> Finding:
    told = await server.server_time()
    if told is None:
        return skipped("clock", "the server does not say what time it is")
    skew = abs(datetime.now(UTC) - told)
    if skew <= MOST_SKEW:
        return ok("clock", "the server's is the same as here")
    apart = format_duration(skew.total_seconds())
    return failed("clock", f"the server's is {apart} off from here", "synchronise both with NTP")


async def _services(server: Orchestrator) -> Finding:
    every = (await server.services()).items
    if not every:
        remedy = "joborch serve --service example, or an agent that brings one"
        return failed("services", "there are none to submit to", remedy)
    idle = [service.name for service in every if not service.agents]
    if idle:
        remedy = f"joborch agent --service {idle[0]}:4 on a host that is to run it"
        return failed("services", f"no agent is up for {', '.join(idle)}", remedy)
    return ok("services", ", ".join(service.name for service in every))


async def _agents(server: Orchestrator) -> Finding:
    every = (await server.agents()).items
    up = [agent for agent in every if agent.state == "up"]
    if not up:
        remedy = f"joborch agent --server {server.server} --service example:4"
        return failed("agents", f"none is up, of {len(every)}", remedy)
    slots = sum(agent.capacity.slots for agent in up)
    return ok("agents", f"{len(up)} of {len(every)} up, with {slots} slots")


async def _events(server: Orchestrator) -> Finding:
    began = time.monotonic()
    try:
        async with asyncio.timeout(EVENTS_S):
            await server.hear_events()
    except (TimeoutError, ServerUnreachableError):
        remedy = "let the proxy before it not buffer /api/v1/events (nginx: proxy_buffering off)"
        waited_s = time.monotonic() - began
        return failed("events", f"nothing came through in {waited_s:.1f} s", remedy)
    return ok("events", f"came through in {(time.monotonic() - began) * 1000:.0f} ms")


FURTHER = {
    "health": _health,
    "clock": _clock,
    "services": _services,
    "agents": _agents,
    "events": _events,
}
CHECKS = ("auth", "api", *FURTHER)
