"""Give one user a quota of their own, and take it back."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from joborch.domain.amendments import KEPT, Kept
from joborch.domain.errors import ServiceNotFoundError
from joborch.domain.quotas import Override
from joborch.process.clock import Clock
from joborch.server.live.catalog import Catalog
from joborch.server.live.presence import Roll
from joborch.server.store import overrides
from joborch.server.store.database import Database, Transaction

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a user is to be allowed; what is ``KEPT`` stays, None is the service's own."""

    service: str
    user_id: str
    running: int | Kept | None = KEPT
    queued: int | Kept | None = KEPT


async def allow(
    wanted: Allowance,
    *,
    actor: str,
    database: Database,
    catalog: Catalog,
    roll: Roll,
    clock: Clock,
    wake: Callable[[], None],
) -> None:
    """Set a user's quota; when this returns, it holds. What runs goes on, were it beyond it.

    Raises:
        ServiceNotFoundError: there is none of this name.
    """
    if wanted.service not in catalog:
        raise ServiceNotFoundError(wanted.service)
    async with roll.ledger:  # what is being given out at this moment counts as given before
        await database.write(lambda t: _put(t, wanted, actor, clock.now()))
    wake()
    logger.info("quota set", extra={"service": wanted.service, "actor": actor})


def _put(transaction: Transaction, wanted: Allowance, actor: str, now: datetime) -> None:
    before = overrides.find(transaction.connection, wanted.service, wanted.user_id)
    running, queued = (before.running, before.queued) if before else (None, None)
    new = Override(
        service=wanted.service,
        user_id=wanted.user_id,
        running=running if isinstance(wanted.running, Kept) else wanted.running,
        queued=queued if isinstance(wanted.queued, Kept) else wanted.queued,
        at=now,
        actor=actor,
    )
    overrides.put(transaction, new)
