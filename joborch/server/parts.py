"""What the server is made of. ``main`` builds it once; handlers and loops get it whole."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from joborch.process.clock import Clock
from joborch.server.blobs import Blobs
from joborch.server.live.catalog import Catalog
from joborch.server.live.feed import Feed
from joborch.server.live.presence import Roll
from joborch.server.live.recent import Recent
from joborch.server.live.signatures import Signatures
from joborch.server.live.snapshots import Snapshots
from joborch.server.live.taps import Taps
from joborch.server.settings import ServerSettings
from joborch.server.store.database import Database
from joborch.wire.statistics import Statistics


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
    signatures: Signatures = field(default_factory=Signatures)
    statistics: Recent[Statistics]
    wake: Callable[[], None]
    """Has the dispatch loop look again."""
    stopping: asyncio.Event
    """Set once the server ends: streams and held requests finish."""
    started_at: datetime
