"""A site at one moment, in one answer: what ``/api/v1/snapshot`` tells."""

from datetime import datetime
from typing import Any

import msgspec

from joborch.wire.agents import AgentView
from joborch.wire.jobs import JobView
from joborch.wire.services import ServiceView, UsageView

COLUMNS = JobView.__struct_fields__


class Snapshot(msgspec.Struct, kw_only=True):
    """All jobs that have not ended and the newest of those that have, and everything around them.

    The jobs are as they were when event ``seq`` was the last: ``/api/v1/events?after=SEQ`` goes on
    from there without a gap. They come as rows, a third of the size of objects.
    """

    schema: str = "joborch.snapshot/1"
    at: datetime
    seq: int
    columns: tuple[str, ...] = COLUMNS
    """The names of a job's values, in the order of a row."""
    rows: list[list[Any]]
    """One a job, by descending id."""
    agents: list[AgentView]
    services: list[ServiceView]
    usage: list[UsageView]

    def jobs(self) -> list[JobView]:
        """Return the rows as jobs; columns that this version does not know are left out."""
        named = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return msgspec.convert(named, list[JobView])


def row_of(job: JobView) -> list[Any]:
    """Return a job as a row: its values in the order of ``COLUMNS``."""
    return list(msgspec.structs.astuple(job))
