"""Keep a service from starting jobs, and let it start them again."""

import logging
from collections.abc import Callable

from joborch.domain.errors import ServiceNotFoundError
from joborch.domain.services import Pause
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.store import pauses
from joborch.server.store.database import Database

logger = logging.getLogger(__name__)


async def pause(
    service: str,
    *,
    actor: str,
    reason: str | None,
    database: Database,
    catalog: Catalog,
    roll: Roll,
    clock: Clock,
) -> None:
    """Have a service start no jobs; when this returns, it starts none, a restart included.

    It goes on to take submissions, and what it runs goes on. One that is paused stays as it is.

    Raises:
        ServiceNotFoundError: there is none of this name.
    """
    _demand_known(service, catalog)
    asked = Pause(service=service, at=clock.now(), actor=actor, reason=reason)
    async with roll.ledger:  # what is being given out at this moment counts as given before
        await database.write(lambda t: pauses.add(t, asked))
    logger.info("service paused", extra={"service": service, "actor": actor})


async def resume(
    service: str, *, database: Database, catalog: Catalog, wake: Callable[[], None]
) -> None:
    """Have a paused service start jobs again, at once.

    Raises:
        ServiceNotFoundError: there is none of this name.
    """
    _demand_known(service, catalog)
    await database.write(lambda t: pauses.remove(t, service))
    wake()
    logger.info("service resumed", extra={"service": service})


def _demand_known(service: str, catalog: Catalog) -> None:
    if service not in catalog:
        raise ServiceNotFoundError(service)
