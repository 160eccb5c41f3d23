import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from joborch.web.streams import HEARTBEAT, beating
from joborch.wire.events import EventView
from tests.support.hand_agent import submit
from tests.support.server import RunningServer, running_server


@contextmanager
def following(server: RunningServer, **query: Any) -> Iterator[Iterator[tuple[str, Any]]]:
    headers = query.pop("headers", {})
    with server.http.stream("GET", "/api/v1/events", params=query, headers=headers) as stream:
        stream.raise_for_status()
        yield events_of(stream.iter_lines())


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        if name == "data":
            yield kind, json.loads(value)


def newest(server: RunningServer) -> int:
    job_id = submit(server.http, user_id="mark", hold="yes")
    items = server.http.get(f"/api/v1/jobs/{job_id}/events").json()["items"]
    seq: int = items[-1]["seq"]
    return seq


def test_what_was_missed_comes_first_and_then_what_happens(server: RunningServer) -> None:
    seq = newest(server)
    missed = submit(server.http, user_id="events", hold="yes")

    with following(server, after=seq) as events:
        first = next(events)
        then = submit(server.http, user_id="events", hold="yes")
        second = next(events)

    assert (first[0], first[1]["job_id"]) == ("job", missed)
    assert (second[1]["job_id"], second[1]["seq"]) == (then, first[1]["seq"] + 1)


def test_a_browser_goes_on_where_it_was(server: RunningServer) -> None:
    seq = newest(server)
    missed = submit(server.http, user_id="events", hold="yes")

    with following(server, headers={"last-event-id": str(seq)}) as events:
        assert next(events)[1]["job_id"] == missed


@pytest.mark.parametrize("of", ["user", "job", "batch"])
def test_only_the_wanted_jobs_are_told_of(server: RunningServer, of: str) -> None:
    seq = newest(server)
    submit(server.http, user_id="others", array="1-3", hold="yes")
    wanted = submit(server.http, user_id=f"wanted-{of}", array="5", hold="yes")
    view = server.http.get(f"/api/v1/jobs/{wanted}").json()
    query = {"user": f"wanted-{of}", "job": f"{wanted}", "batch": view["batch"]}[of]

    with following(server, after=seq, **{of: query}) as events:
        submit(server.http, user_id="others", hold="yes")
        server.http.post(f"/api/v1/jobs/{wanted}/cancel").raise_for_status()
        told = [next(events)[1], next(events)[1]]

    assert [(event["job_id"], event["event"]) for event in told] == [
        (wanted, "submit"),
        (wanted, "cancel"),
    ]


def test_who_asks_for_what_is_gone_starts_again(server: RunningServer) -> None:
    seq = newest(server)

    with following(server, after=seq + 1_000_000) as events:
        kind, _ = next(events)
        then = submit(server.http, user_id="events", hold="yes")
        told = next(events)

    assert (kind, told[1]["job_id"]) == ("reset", then)


@pytest.mark.parametrize("query", ["after=x", "after=-1", "job=x", "batch=x", f"after={2**63}"])
def test_a_bad_question_is_refused(server: RunningServer, query: str) -> None:
    assert server.http.get(f"/api/v1/events?{query}").status_code == 400


def test_streams_and_polls_end_when_the_server_does(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server, following(server) as events:
        status = server.stop()

        assert next(events) == ("server.shutdown", {})
        assert status == 0


def test_a_silent_stream_says_that_it_is_there() -> None:
    async def silence() -> AsyncGenerator[bytes, None]:
        await asyncio.get_running_loop().create_future()
        yield b""

    async def first() -> bytes:
        stream = beating(silence(), stopping=asyncio.Event(), heartbeat_s=0.01)
        try:
            return await anext(stream)
        finally:
            await stream.aclose()

    assert asyncio.run(first()) == HEARTBEAT


def test_the_source_is_closed_with_the_stream() -> None:
    ended = []

    async def source() -> AsyncGenerator[bytes, None]:
        try:
            yield b"one"
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)

    async def hang_up() -> None:
        stream = beating(source(), stopping=asyncio.Event(), heartbeat_s=0.01)
        await anext(stream)
        await anext(stream)
        await stream.aclose()

    asyncio.run(hang_up())

    assert ended == [True]


@pytest.mark.parametrize("turn", range(10))
def test_what_happens_once_the_stream_has_begun_is_told(server: RunningServer, turn: int) -> None:
    with following(server, user=f"begun-{turn}") as events:
        job_id = submit(server.http, user_id=f"begun-{turn}", hold="yes")
        assert next(events)[1]["job_id"] == job_id


def test_events_go_on_after_an_event_that_is_this_servers(server: RunningServer) -> None:
    with following(server) as events:
        submit(server.http, user_id="mark", hold="yes")
        known = msgspec.convert(next(events)[1], EventView)
    later = submit(server.http, user_id="mark", hold="yes")

    with following(server, headers={"Last-Event-ID": known.mark}) as events:
        kind, event = next(events)

    assert (kind, event["job_id"]) == ("job", later)


def test_after_an_event_of_another_server_everything_is_to_be_listed_again(
    server: RunningServer,
) -> None:
    with following(server) as events:
        submit(server.http, user_id="mark", hold="yes")
        known = msgspec.convert(next(events)[1], EventView)
    foreign = msgspec.structs.replace(known, at=known.at - timedelta(seconds=1))

    with following(server, after=foreign.mark) as events:
        assert next(events) == ("reset", {})


@pytest.mark.parametrize("mark", ["7@", "@7", "7@x", "7@99999999999999999999", "x@7"])
def test_a_mark_that_can_be_none_is_refused(server: RunningServer, mark: str) -> None:
    assert server.http.get("/api/v1/events", params={"after": mark}).status_code == 400


def test_what_happens_within_an_instant_is_told_together(server: RunningServer) -> None:
    with server.http.stream("GET", "/api/v1/events") as stream:
        pieces = stream.iter_raw()
        assert next(pieces).startswith(b": recording")
        submit(server.http, user_id="many", hold="yes", array="1-50")
        assert next(pieces).count(b"event: job") == 50
