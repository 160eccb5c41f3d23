"""The services there are: those configured, and those that some agent offers."""

from collections.abc import Iterable
from dataclasses import replace

from joborch.domain.errors import UnknownServiceError
from joborch.domain.quotas import Limits
from joborch.domain.services import SERVICE_NAME, Service


class Catalog:
    """Services by name. One that only an agent knows has the default quota."""

    def __init__(self, configured: Iterable[Service]) -> None:
        self._configured = {service.name: service for service in configured}
        self._discovered: dict[str, Service] = {}

    def reload(self, configured: Iterable[Service]) -> None:
        """Take over what services are to be like from now on.

        One that is not among them stays as it is, since it may have jobs. How long an agent may be
        silent stays too: agents were told with the leases that they hold.
        """
        for service in configured:
            known = self._configured.get(service.name) or self._discovered.get(service.name)
            kept = service if known is None else replace(service, lost_after=known.lost_after)
            self._configured[service.name] = kept

    def discover(self, names: Iterable[str]) -> list[str]:
        """Note the services that an agent offers; returns those that are new here."""
        new = [name for name in names if name not in self and SERVICE_NAME.fullmatch(name)]
        self._discovered |= {name: Service(name=name) for name in new}
        return new

    def get(self, name: str) -> Service:
        """Return a service.

        Raises:
            UnknownServiceError: if it is neither configured nor offered.
        """
        service = self._configured.get(name) or self._discovered.get(name)
        if service is None:
            raise UnknownServiceError(name, self.names())
        return service

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted."""
        return tuple(sorted({*self._configured, *self._discovered}))

    def limits(self) -> dict[str, Limits]:
        """Return every service's quota."""
        return {name: self.get(name).limits for name in self.names()}

    def shortest_patience_s(self) -> float:
        """Return the shortest time after which some service gives up an agent's lease."""
        lost_after = [self.get(name).lost_after for name in self.names()]
        return min(lost_after, default=Service(name="any").lost_after).total_seconds()

    def hold_s(self, most_s: float) -> float:
        """Return how long a poll is held: so short that several fit into the shortest lease.

        An agent counts a lease from when the poll was sent that renewed it.
        """
        return min(most_s, self.shortest_patience_s() / 6)

    def is_configured(self, name: str) -> bool:
        """Whether the operator set the service up, rather than an agent."""
        return name in self._configured

    def __contains__(self, name: object) -> bool:
        return name in self._configured or name in self._discovered
