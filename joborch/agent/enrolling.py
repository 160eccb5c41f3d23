"""Introducing the agent to the server, as the one it was before if the server remembers it."""

import logging
import os
import socket

from joborch import __version__
from joborch.agent.link import ServerLink
from joborch.agent.load import memory_bytes
from joborch.agent.settings import AgentSettings
from joborch.agent.spool import Identity, Spool
from joborch.agent.transfers import Transfers
from joborch.domain.errors import NotAllowedError, NotFoundError
from joborch.wire.agents import CapacityView, Enrolled, Enrolment

logger = logging.getLogger(__name__)


class Enroller:
    """Enrols one agent; may be asked again whenever the server has forgotten it."""

    def __init__(
        self, *, link: ServerLink, spool: Spool, transfers: Transfers, settings: AgentSettings
    ) -> None:
        self._link = link
        self._spool = spool
        self._transfers = transfers
        self._settings = settings

    async def enrol(self) -> bool:
        """Enrol; whether the agent is still who it was.

        If not, the server knows none of the attempts that are here.
        """
        before = self._spool.identity()
        try:
            enrolled = await self._link.enrol(self._enrolment(before))
        except (NotAllowedError, NotFoundError):
            if before is None:
                raise
            enrolled = await self._link.enrol(self._enrolment(None))
        self._transfers.inline_bytes = enrolled.inline_bytes
        self._remember(enrolled, before)
        return before is not None and before.agent_id == enrolled.agent_id

    def _remember(self, enrolled: Enrolled, before: Identity | None) -> None:
        identity = Identity(agent_id=enrolled.agent_id, key=enrolled.key)
        if identity != before:
            self._spool.remember(identity)
        logger.info("enrolled", extra={"agent_id": enrolled.agent_id})

    def _enrolment(self, identity: Identity | None) -> Enrolment:
        settings = self._settings
        capacity = CapacityView(
            slots=settings.slots,
            cpus=len(os.sched_getaffinity(0)),
            memory_bytes=memory_bytes(),
        )
        return Enrolment(
            name=settings.name,
            host=socket.gethostname(),
            version=__version__,
            services=dict(settings.service),
            capacity=capacity,
            labels=dict(settings.label),
            agent_id=identity.agent_id if identity else None,
            key=identity.key if identity else None,
        )
