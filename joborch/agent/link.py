"""What the agent asks of its line to the server; ``client.agent_link.AgentLink`` is one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from joborch.wire.agents import Enrolled, Enrolment, Poll, PollAnswer, Report, Reported, Started
from joborch.wire.events import LogChunk


class ServerLink(Protocol):
    """One try each. ``UnavailableError`` means: try again; it is not known whether it arrived."""

    async def enrol(self, enrolment: Enrolment) -> Enrolled:
        """Introduce the agent; the id and key answered are used from then on."""
        ...

    async def poll(self, poll: Poll) -> PollAnswer:
        """Ask for orders; answered when there are some, or when the server's time is up."""
        ...

    async def started(self, notices: Sequence[Started]) -> None:
        """Tell which attempts have started."""
        ...

    async def report(self, reports: Sequence[Report]) -> list[Reported]:
        """Tell how attempts ended; the answers are in the same order."""
        ...

    async def send_logs(self, chunks: Sequence[LogChunk]) -> list[int]:
        """Send what jobs wrote; answers which jobs are still followed."""
        ...

    async def fetch_payload_file(
        self, payload_id: str, name: str, into: Path, *, size_bytes: int | None = None
    ) -> None:
        """Download one input; ``into`` appears complete."""
        ...

    async def upload_results(self, job_id: int, attempt: int, token: str, archive: Path) -> None:
        """Upload results, going on from where an earlier try broke off."""
        ...

    async def send_snapshot(self, request_id: str, archive: Path) -> None:
        """Answer a snapshot order."""
        ...

    async def refuse_snapshot(self, request_id: str) -> None:
        """Answer that there is nothing to make a snapshot of."""
        ...
