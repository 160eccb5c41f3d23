"""What users and agents want of a server, in steps that they repeat until each has succeeded."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from joborch.wire.agents import Lease
from tests.faults.oracle import Ticket
from tests.faults.stand import Stand

_MSGPACK = {"content-type": "application/x-msgpack"}
_CHUNK = 200_000


@dataclass(slots=True)
class Errand:
    """One job of a user's, from the submission to the end. Whatever is answered must stay true."""

    stand: Stand
    files: dict[str, bytes]
    results: bytes
    ticket: Ticket = field(init=False)
    lease: Lease | None = None
    is_cancelled: bool = False
    outcome: str = "completed"

    def __post_init__(self) -> None:
        name = f"ticket-{len(self.stand.tickets):04}"
        self.ticket = Ticket(name=name, user="ann", service="example", nap_s=0, status=0)
        self.stand.tickets.append(self.ticket)

    @property
    def job_id(self) -> int:
        return self.stand.journal[self.ticket.name][0]

    def submit(self) -> None:
        answer = self.stand.http.post(
            "/api/v1/jobs",
            data={"user_id": "ann", "service": "example", "name": self.ticket.name},
            files=[("file", file) for file in self.files.items()],
            headers={"Idempotency-Key": self.ticket.name},
        ).raise_for_status()
        self.stand.journal[self.ticket.name] += [job["id"] for job in answer.json()["jobs"]]

    def take(self) -> None:
        lease = self.stand.agent.take(self.job_id)
        # One whose files could not be opened for a moment was given back before it was leased.
        expected = 1 + self._happened("give_back")
        assert lease.attempt == expected, (
            f"attempt {lease.attempt} of job {lease.job_id} was leased"
        )
        assert {file.name for file in lease.files} == set(self.files)
        self.lease = lease

    def upload(self) -> None:
        """Send the results in pieces, from wherever an earlier try broke off."""
        path = f"/results/{self._leased.job_id}/{self._leased.attempt}"
        at = self._call("GET", path).json()["offset"]
        while at < len(self.results):
            at = self._call(
                "PUT",
                path,
                params={"offset": at},
                content=self.results[at : at + _CHUNK],
                headers={"Lease-Token": self._leased.token},
            ).json()["offset"]

    def report_uploaded(self) -> None:
        """Report; if the server misses the results, upload them again, as agents do."""
        while self._report(data=None) == "results_missing":
            self.upload()

    def report_inline(self) -> None:
        self._report(data=self.results)

    def cancel(self) -> None:
        answer = self.stand.http.post(f"/api/v1/jobs/{self.job_id}/cancel")
        if answer.status_code != httpx.codes.CONFLICT or self.state != "cancelled":
            answer.raise_for_status()
        self.outcome, self.is_cancelled = "cancelled", True

    def check(self) -> None:
        """Raise AssertionError unless all of it is as it was answered."""
        assert self.state == self.outcome
        if self.lease is None:
            return
        found = self.stand.http.get(f"/api/v1/jobs/{self.job_id}/results")
        assert found.content == self.results, f"{found.status_code}, {len(found.content)} bytes"

    @property
    def state(self) -> str:
        answer = self.stand.http.get(f"/api/v1/jobs/{self.job_id}").raise_for_status()
        return str(answer.json()["state"])

    def _happened(self, event: str) -> int:
        answer = self.stand.http.get(f"/api/v1/jobs/{self.job_id}/events").raise_for_status()
        return [one["event"] for one in answer.json()["items"]].count(event)

    @property
    def _leased(self) -> Lease:
        assert self.lease is not None, "take() comes before"
        return self.lease

    def _report(self, data: bytes | None) -> str:
        report = {
            "job_id": self._leased.job_id,
            "attempt": self._leased.attempt,
            "token": self._leased.token,
            "outcome": self.outcome,
            "exit_code": None if self.is_cancelled else 0,
            "results": {
                "size_bytes": len(self.results),
                "sha256": hashlib.sha256(self.results).hexdigest(),
                "data": data,
            },
        }
        content = msgspec.msgpack.encode([report])
        answer = self._call("POST", "/reports", content=content, headers=_MSGPACK).json()
        disposition = str(answer[0]["disposition"])
        assert disposition in {"recorded", "already_recorded", "results_missing"}
        return disposition

    def _call(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self.stand.agent.call(method, path, **request).raise_for_status()
