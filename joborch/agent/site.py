"""What all runs of one agent share."""

from dataclasses import dataclass

from joborch.agent.backends.base import Backend
from joborch.agent.delivery import Delivery
from joborch.agent.logs import LogSender
from joborch.agent.settings import AgentSettings
from joborch.agent.spool import Spool
from joborch.agent.transfers import Transfers
from joborch.process.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The collaborators of a run."""

    settings: AgentSettings
    spool: Spool
    backend: Backend
    transfers: Transfers
    delivery: Delivery
    logs: LogSender
    clock: Clock
