"""Large results whose way to the server is cut, damaged, or overtaken by a cancel."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import httpx
import pytest

from tests.faults.sizes import size
from tests.faults.wire import Wire, a_wire
from tests.support.site import Running, Site, a_site
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(size(60, nightly=600))]

RESULT_BYTES = size(24, nightly=400) * 1_000_000
SCRIPT = f"head -c {RESULT_BYTES} /dev/urandom > big; sha256sum < big > big.sum"
PATIENCE_S = size(30.0, nightly=300.0)


@dataclass(slots=True)
class Yard:
    """A server and an agent, with a wire between them."""

    site: Site
    wire: Wire
    server: Running
    agent: Running

    def restart_server(self) -> None:
        self.server.end(SIGKILL)
        self.wire.release()
        self.server = self.site.serve("--service", "example")

    def restart_agent(self) -> None:
        self.agent.end(SIGKILL)
        self.wire.release()
        self.agent = start_agent(self.site, self.wire)

    def submit_and_cut(self) -> int:
        """Have a job's results on their way, and held up after half of them."""
        self.wire.hold_after(RESULT_BYTES // 2)
        (job_id,) = self.site.submit(SCRIPT)
        wait_until(lambda: self.wire.is_held, PATIENCE_S, lambda: self.site.job(job_id))
        return job_id

    def finished(self, job_id: int) -> dict[str, Any]:
        """Wait for a job that completes, and check that its results are what it wrote."""
        wait_until(lambda: self.site.job(job_id)["finished_at"], PATIENCE_S, lambda: self.said)
        job = self.site.job(job_id)
        assert (job["state"], job["attempt"]) == ("completed", 1), self.said
        assert self.digest(job_id) == self.file(job_id, "big.sum").text.split()[0]
        return job

    def digest(self, job_id: int) -> str:
        return hashlib.sha256(self.file(job_id, "big").content).hexdigest()

    def file(self, job_id: int, name: str) -> httpx.Response:
        return self.site.get(f"/api/v1/jobs/{job_id}/files/result/{name}").raise_for_status()

    @property
    def said(self) -> str:
        return f"{self.agent.said}\n{self.server.said}"


def start_agent(site: Site, wire: Wire) -> Running:
    """Start an agent that reaches the server through the wire."""
    server = f"http://127.0.0.1:{wire.port}"
    return site.agent("compute-1", "--server", server)


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    home: Path = tmp_path_factory.mktemp("yard")
    with a_site(home, is_warm=False) as site:
        server = site.serve("--service", "example")
        with a_wire(site.port) as wire:
            yield Yard(site, wire, server, start_agent(site, wire))


def test_an_upload_goes_on_where_it_was_when_the_server_died(yard: Yard) -> None:
    before = yard.wire.sent
    job_id = yard.submit_and_cut()
    yard.restart_server()
    yard.finished(job_id)
    assert RESULT_BYTES < yard.wire.sent - before < 1.5 * RESULT_BYTES


def test_an_upload_goes_on_where_it_was_when_the_agent_died(yard: Yard) -> None:
    before = yard.wire.sent
    job_id = yard.submit_and_cut()
    yard.restart_agent()
    yard.finished(job_id)
    assert RESULT_BYTES < yard.wire.sent - before < 1.5 * RESULT_BYTES


def test_results_that_were_damaged_on_the_way_are_refused_and_sent_again(yard: Yard) -> None:
    before = yard.wire.sent
    yard.wire.damage_after(RESULT_BYTES // 2)
    (job_id,) = yard.site.submit(SCRIPT)
    yard.finished(job_id)
    assert yard.wire.damages_at is None
    assert yard.wire.sent - before > 2 * RESULT_BYTES


def test_a_cancel_during_the_upload_comes_too_late(yard: Yard) -> None:
    job_id = yard.submit_and_cut()
    asked = yard.site.post(f"/api/v1/jobs/{job_id}/cancel")
    yard.wire.release()
    yard.finished(job_id)
    told = [event["event"] for event in yard.site.events(job_id)]
    assert (asked.status_code, told[-2:]) == (202, ["cancel_requested", "complete"])
