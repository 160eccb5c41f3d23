import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from joborch.client.agent_link import AgentLink
from joborch.domain.errors import (
    ConflictError,
    SnapshotNotFoundError,
    SupersededError,
    UnavailableError,
)
from joborch.wire.agents import (
    CapacityView,
    Enrolled,
    Enrolment,
    Poll,
    PollAnswer,
    Report,
    Reported,
    UploadState,
)
from tests.support.stub_server import Answer, StubServer, packs, ranged, refuses

T = TypeVar("T")

BASE = "/api/v1/agents/a-1"
ENROLMENT = Enrolment(
    name="compute-1",
    host="compute-1",
    version="0.1.0",
    services={"example": 2},
    capacity=CapacityView(slots=2),
)


def test_after_enrolling_the_key_goes_with_every_call(stub: StubServer) -> None:
    stub.on(f"POST {BASE}/poll", packs(PollAnswer(follow={7: 1})))

    answer = linked(stub, lambda link: link.poll(Poll(incarnation=1, number=1)))

    assert answer.follow == {7: 1}
    assert stub.heard[-1].headers["authorization"] == "Bearer secret"
    assert msgspec.msgpack.decode(stub.heard[-1].body)["incarnation"] == 1


def test_a_poll_is_tried_once_only(stub: StubServer) -> None:
    stub.on(f"POST {BASE}/poll", Answer(status=503))

    with pytest.raises(UnavailableError):
        linked(stub, lambda link: link.poll(Poll(incarnation=1, number=1)))

    assert stub.paths().count(f"POST {BASE}/poll") == 1


def test_a_newer_process_is_noticed(stub: StubServer) -> None:
    stub.on(f"POST {BASE}/poll", refuses(SupersededError("a-1")))

    with pytest.raises(SupersededError):
        linked(stub, lambda link: link.poll(Poll(incarnation=1, number=1)))


def test_reports_are_answered_in_order(stub: StubServer) -> None:
    recorded = Reported(job_id=7, attempt=1, disposition="recorded")
    stub.on(f"POST {BASE}/reports", packs([recorded]))
    report = Report(job_id=7, attempt=1, token="t", outcome="completed")

    assert linked(stub, lambda link: link.report([report])) == [recorded]


def test_an_input_file_is_fetched_complete(stub: StubServer, tmp_path: Path) -> None:
    data = b"x" * 100_000
    stub.on(f"GET {BASE}/payloads/p-1/in dir/a.txt", Answer(body=data, cut_after=10), ranged(data))

    linked(
        stub,
        lambda link: link.fetch_payload_file(
            "p-1", "in dir/a.txt", tmp_path / "a.txt", size_bytes=len(data)
        ),
    )

    assert (tmp_path / "a.txt").read_bytes() == data
    assert stub.heard[-1].headers["range"] == "bytes=10-"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_results_are_uploaded_from_where_they_stand(stub: StubServer, tmp_path: Path) -> None:
    (tmp_path / "results.zip").write_bytes(b"0123456789")
    stub.on(f"GET {BASE}/results/7/1", packs(UploadState(offset=4)))
    stub.on(f"PUT {BASE}/results/7/1", packs(UploadState(offset=10)))

    linked(stub, lambda link: link.upload_results(7, 1, "token", tmp_path / "results.zip"))

    put = stub.heard[-1]
    assert (put.query, put.body) == ({"offset": "4"}, b"456789")
    assert put.headers["lease-token"] == "token"


def test_results_that_are_there_already_are_not_sent_again(
    stub: StubServer, tmp_path: Path
) -> None:
    (tmp_path / "results.zip").write_bytes(b"0123456789")
    stub.on(f"GET {BASE}/results/7/1", packs(UploadState(offset=10)))

    linked(stub, lambda link: link.upload_results(7, 1, "token", tmp_path / "results.zip"))

    assert stub.heard[-1].method == "GET"


def test_an_upload_from_the_wrong_place_asks_and_goes_on(stub: StubServer, tmp_path: Path) -> None:
    (tmp_path / "results.zip").write_bytes(b"0123456789")
    stub.on(f"GET {BASE}/results/7/1", packs(UploadState(offset=8)), packs(UploadState(offset=2)))
    stub.on(
        f"PUT {BASE}/results/7/1",
        refuses(ConflictError("it stands at 2")),
        packs(UploadState(offset=10)),
    )

    linked(stub, lambda link: link.upload_results(7, 1, "token", tmp_path / "results.zip"))

    assert stub.heard[-1].body == b"23456789"


def test_a_snapshot_nobody_waits_for_any_more_is_told(stub: StubServer, tmp_path: Path) -> None:
    (tmp_path / "now.zip").write_bytes(b"zip")
    stub.on(f"PUT {BASE}/snapshots/r-1", refuses(SnapshotNotFoundError("nobody waits")))

    with pytest.raises(SnapshotNotFoundError):
        linked(stub, lambda link: link.send_snapshot("r-1", tmp_path / "now.zip"))


def test_a_snapshot_can_be_refused(stub: StubServer) -> None:
    stub.on(f"DELETE {BASE}/snapshots/r-1", Answer(status=204))

    linked(stub, lambda link: link.refuse_snapshot("r-1"))

    assert stub.paths()[-1] == f"DELETE {BASE}/snapshots/r-1"


def linked(stub: StubServer, work: Callable[[AgentLink], Awaitable[T]]) -> T:
    """Enrol as a-1 and do something."""
    stub.on("POST /api/v1/agents/enrol", packs(Enrolled(agent_id="a-1", key="secret", poll_s=25)))

    async def connected() -> T:
        async with AgentLink(stub.url) as link:
            await link.enrol(ENROLMENT)
            return await work(link)

    return asyncio.run(connected())


def test_nothing_is_asked_in_the_agents_name_before_it_has_enrolled(stub: StubServer) -> None:
    """An adopted attempt may speak first; a 404 would be taken for the server's last word."""

    async def too_early() -> None:
        async with AgentLink(stub.url) as link:
            await link.poll(Poll(incarnation=1, number=1))

    with pytest.raises(UnavailableError, match="has not enrolled"):
        asyncio.run(too_early())
    assert stub.paths() == []
