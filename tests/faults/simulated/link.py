"""An agent's line to the server: the server's operations, with the simulated network between."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from joborch.domain.agents import Agent, Capacity
from joborch.domain.errors import AgentNotFoundError, NotAllowedError
from joborch.server.operations import enrol, lease, report
from joborch.server.parts import Parts
from joborch.server.store import agents
from joborch.server.store.database import Transaction
from joborch.wire.agents import Enrolled, Enrolment, Poll, PollAnswer, Report, Reported, Started
from joborch.wire.events import LogChunk
from tests.faults.simulated.network import Network

POLL_MARGIN_S = 15.0


class SimulatedLink:
    """What one agent process says, and hears. The host's load is left out: it is this machine's."""

    def __init__(self, network: Network, host: str) -> None:
        self._network = network
        self._host = host
        self._agent: Agent | None = None

    async def enrol(self, enrolment: Enrolment) -> Enrolled:
        async def serve(parts: Parts) -> tuple[Enrolled, Agent]:
            await parts.database.write(lambda t: _make_known(t, enrolment, parts.clock.now()))
            enrolled = await enrol.enrol(
                enrolment,
                database=parts.database,
                catalog=parts.catalog,
                clock=parts.clock,
                settings=parts.settings,
            )
            agent = await enrol.authenticate(
                enrolled.agent_id, enrolled.key, database=parts.database
            )
            return enrolled, agent

        enrolled: Enrolled
        enrolled, self._agent = await self._network.call(self._host, serve)
        return enrolled

    async def poll(self, poll: Poll) -> PollAnswer:
        said, agent = msgspec.structs.replace(poll, load=None), self._me()

        async def serve(parts: Parts) -> PollAnswer:
            return await lease.poll(
                agent,
                said,
                database=parts.database,
                blobs=parts.blobs,
                catalog=parts.catalog,
                roll=parts.roll,
                clock=parts.clock,
                settings=parts.settings,
                wake=parts.wake,
            )

        patience_s = 10.0 + POLL_MARGIN_S
        answer: PollAnswer = await self._network.call(self._host, serve, patience_s=patience_s)
        return answer

    async def started(self, notices: Sequence[Started]) -> None:
        agent, said = self._me(), [*notices]

        async def serve(parts: Parts) -> None:
            await lease.started(agent, said, database=parts.database, clock=parts.clock)

        await self._network.call(self._host, serve)

    async def report(self, reports: Sequence[Report]) -> list[Reported]:
        agent, said = self._me(), [*reports]

        async def serve(parts: Parts) -> list[Reported]:
            return await report.report(
                agent,
                said,
                database=parts.database,
                blobs=parts.blobs,
                clock=parts.clock,
                wake=parts.wake,
            )

        answers: list[Reported] = await self._network.call(self._host, serve)
        return answers

    async def send_logs(self, chunks: Sequence[LogChunk]) -> list[int]:
        raise NotImplementedError("nobody follows a log here")

    async def fetch_payload_file(
        self, payload_id: str, name: str, into: Path, *, size_bytes: int | None = None
    ) -> None:
        raise NotImplementedError("all payloads are small here")

    async def upload_results(self, job_id: int, attempt: int, token: str, archive: Path) -> None:
        raise NotImplementedError("all results are small here")

    async def send_snapshot(self, request_id: str, archive: Path) -> None:
        raise NotImplementedError("nobody wants a snapshot here")

    async def refuse_snapshot(self, request_id: str) -> None:
        raise NotImplementedError("nobody wants a snapshot here")

    def _me(self) -> Agent:
        if self._agent is None:
            raise NotAllowedError("an agent enrols first")
        return self._agent


def _make_known(transaction: Transaction, enrolment: Enrolment, now: datetime) -> None:
    """Have an agent's first name for itself be the one it gets: ids are drawn from no seed."""
    agent_id, key = str(enrolment.agent_id), str(enrolment.key)
    with suppress(AgentNotFoundError):
        agents.find(transaction.connection, agent_id)
        return
    agent = Agent(
        id=agent_id,
        name=enrolment.name,
        host=enrolment.host,
        version=enrolment.version,
        services=enrolment.services,
        capacity=Capacity(slots=enrolment.capacity.slots),
        labels={},
        enrolled_at=now,
        seen_at=now,
    )
    agents.add(transaction, agent, key_hash=enrol.hash_of(key))
