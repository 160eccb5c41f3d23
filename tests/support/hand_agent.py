"""An agent played by hand: each call is one request, and nothing happens unasked."""

import hashlib
import io
import zipfile
from typing import Any

import httpx
import msgspec

from joborch.wire.agents import Lease, PollAnswer


class HandAgent:
    """Speaks for an agent to a real server."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        name: str = "tester",
        slots: int = 4,
        service: str = "example",
    ) -> None:
        self._http = http
        enrolment = {
            "name": name,
            "host": "here",
            "version": "0",
            "services": {service: slots},
            "capacity": {"slots": slots},
        }
        enrolled = http.post("/api/v1/agents/enrol", json=enrolment).raise_for_status().json()
        self.id: str = enrolled["agent_id"]
        self.headers = {"authorization": f"Bearer {enrolled['key']}"}
        self._leases: dict[int, Lease] = {}

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {**self.headers, **request.pop("headers", {})}
        url = f"/api/v1/agents/{self.id}{path}"
        return self._http.request(method, url, headers=headers, **request)

    def poll(self, **said: Any) -> PollAnswer:
        known = [(lease.job_id, lease.attempt) for lease in self._leases.values()]
        said = {"incarnation": 1, "known": known, **said}
        answer = self.call("POST", "/poll", json=said).raise_for_status()
        told = msgspec.json.decode(answer.content, type=PollAnswer)
        self._leases |= {lease.job_id: lease for lease in told.leases}
        return told

    def take(self, job_id: int) -> Lease:
        """Poll until this job has been leased to the agent."""
        while job_id not in self._leases:
            self.poll()
        return self._leases[job_id]

    def finish(
        self, lease: Lease, *, outcome: str = "completed", files: dict[str, str] | None = None
    ) -> Any:
        """Report the end of an attempt, with its results."""
        data = a_zip(files or {"out.txt": "result"})
        report = {
            "job_id": lease.job_id,
            "attempt": lease.attempt,
            "token": lease.token,
            "outcome": outcome,
            "exit_code": 0 if outcome == "completed" else 1,
            "started_ago_s": 1,
            "results": {
                "size_bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "data": data,
            },
        }
        del self._leases[lease.job_id]
        body = msgspec.msgpack.encode([report])
        headers = {"content-type": "application/x-msgpack"}
        return self.call("POST", "/reports", content=body, headers=headers).raise_for_status()


def a_zip(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def submit(http: httpx.Client, script: str = "true", **fields: Any) -> int:
    """Submit a job and return its id."""
    form = {"service": "example", "user_id": "ann", **fields}
    files = {"file": ("run.sh", script.encode())}
    answer = http.post("/api/v1/jobs", data=form, files=files)
    assert answer.status_code == 201, answer.text
    job_id: int = answer.json()["jobs"][0]["id"]
    return job_id
