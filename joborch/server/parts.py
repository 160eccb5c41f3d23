"""What the server is made of. ``main`` builds it once; handlers and loops get it whole."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.catalog import Catalog
from joborch.server.feed import Feed
from joborch.server.presence import Roll
from joborch.server.settings import ServerSettings
from joborch.server.snapshots import Snapshots
from joborch.server.store.database import Database
from joborch.server.taps import Taps


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The collaborators of the operations, under the names of their keyword arguments."""

    settings: ServerSettings
    clock: Clock
    database: Database
    blobs: Blobs
    catalog: Catalog
    roll: Roll
    feed: Feed
    taps: Taps
    snapshots: Snapshots
    wake: Callable[[], None]
    """Has the dispatch loop look again."""
    stopping: asyncio.Event
    """Set once the server ends: streams and held requests finish."""
    started_at: datetime
