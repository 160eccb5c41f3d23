"""Agents, what they can hold, and what a job asks of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one job takes of an agent while it is assigned or running."""

    slots: int = 1
    cpus: float = 0
    memory_bytes: int = 0
    gpus: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels that the agent must carry, with these values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What an agent has, or has left. 0 cpus or memory means that it is not counted."""

    slots: int
    cpus: float = 0
    memory_bytes: int = 0
    gpus: int = 0

    def holds(self, demand: Demand) -> bool:
        """Whether one more job of this demand fits."""
        return (
            self.slots >= demand.slots
            and (not demand.cpus or self.cpus >= demand.cpus)
            and (not demand.memory_bytes or self.memory_bytes >= demand.memory_bytes)
            and self.gpus >= demand.gpus
        )

    def without(self, demand: Demand) -> "Capacity":
        """Return what is left once a job of this demand is held; may go below zero."""
        return Capacity(
            slots=self.slots - demand.slots,
            cpus=self.cpus - demand.cpus,
            memory_bytes=self.memory_bytes - demand.memory_bytes,
            gpus=self.gpus - demand.gpus,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How busy an agent's host is, as the agent last said."""

    cpu_percent: float = 0
    """Of all its cores together, 0 to 100."""
    memory_percent: float = 0
    load_1m: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A process on some host that runs jobs for some services."""

    id: str
    name: str
    host: str
    version: str
    services: Mapping[str, int]
    """Slots for each service it offers."""
    capacity: Capacity
    """Of the whole agent; ``capacity.slots`` bounds the services' slots together."""
    labels: Mapping[str, str]
    enrolled_at: datetime
    seen_at: datetime
    draining_at: datetime | None = None
