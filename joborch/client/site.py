"""What the SDK tells of the site: its server, services, agents, and who uses how much."""

from typing import TypeVar

from joborch.client.transport import Call, Transport, segment
from joborch.wire.agents import AgentList, AgentView
from joborch.wire.services import Health, Meta, ServiceList, UsageList

T = TypeVar("T")


class Site:
    """The part of :class:`~joborch.client.Orchestrator` that is about no job in particular."""

    _transport: Transport

    async def meta(self) -> Meta:
        """Return what the server is and allows."""
        return await self._get("/meta", Meta)

    async def health(self) -> Health:
        """Return how the server is; raises ``UnavailableError`` when it is not well."""
        return await self._transport.ask(get("/health"), Health)

    async def services(self) -> ServiceList:
        """Return all services with their quotas and use."""
        return await self._get("/services", ServiceList)

    async def agents(self) -> AgentList:
        """Return all agents."""
        return await self._get("/agents", AgentList)

    async def agent(self, name: str) -> AgentView:
        """Return one agent, by id or name."""
        return await self._get(f"/agents/{segment(name)}", AgentView)

    async def drain(self, name: str, *, on: bool = True) -> AgentView:
        """Have an agent, by id or name, be given no new jobs; or, with ``on=False``, again."""
        action = "drain" if on else "resume"
        call = Call(method="POST", path=f"/api/v1/agents/{segment(name)}/{action}")
        return await self._transport.ask(call, AgentView)

    async def usage(self, *, user: str | None = None, service: str | None = None) -> UsageList:
        """Return who uses how much of which service."""
        return await self._get("/usage", UsageList, user=user, service=service)

    async def _get(self, path: str, answer: type[T], **query: object) -> T:
        return await self._transport.ask(get(path, query=query, is_repeatable=True), answer)


def get(
    path: str,
    *,
    query: dict[str, object] | None = None,
    accept: str | None = None,
    is_repeatable: bool = False,
) -> Call:
    """Return the call that reads ``path`` below ``/api/v1``."""
    return Call(
        method="GET",
        path=f"/api/v1{path}",
        query=query,
        headers={"Accept": accept} if accept else None,
        is_repeatable=is_repeatable,
    )
