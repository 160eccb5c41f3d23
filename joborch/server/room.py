"""How full the server's disks may become, and for what."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from joborch.domain.errors import DiskFullError

FLOOR = 4
"""This part of the reserve, a quarter, is the database's: results do not take it either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The disk of the files, the disk of what is recorded of them, and what is to stay free.

    Uploads leave the reserve free, results a quarter of it. The rest is for what is recorded of
    them: a commit that finds no room stops the server.
    """

    files: Path
    database: Path
    reserve_bytes: int = 0

    @property
    def state(self) -> str:
        """Say what the disks have room for: ``ok``, ``low`` without new work, else ``full``."""
        for word, demand in (("full", self.demand_for_results), ("low", self.demand_for_work)):
            try:
                demand(0)
            except DiskFullError:
                return word
        return "ok"

    def demand_for_work(self, coming: int = 0) -> None:
        """Refuse new work once the disks are as full as they may become.

        Raises:
            DiskFullError: with ``coming`` bytes more the reserve would be touched.
        """
        free = min(shutil.disk_usage(disk).free for disk in (self.files, self.database))
        if free - coming < self.reserve_bytes:
            raise DiskFullError(
                f"the server has {free // 2**20} MiB of disk left, and a reserve to keep",
                hint="try again later; running jobs are not affected",
            )

    def demand_for_results(self, coming: int = 0) -> None:
        """Refuse results that would take what the database needs.

        Raises:
            DiskFullError: so it is with ``coming`` bytes more.
        """
        floor = self.reserve_bytes // FLOOR
        free = shutil.disk_usage(self.files).free
        if floor and free - coming < floor:
            raise DiskFullError(
                f"the server needs the {free // 2**20} MiB of disk that are left for its database",
                hint="make room; agents keep their results and send them again",
            )
