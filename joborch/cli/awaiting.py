"""``--after`` and ``--after-any``: which jobs a submission is to wait for."""

from collections.abc import Sequence

from joborch.cli.selection import select
from joborch.cli.session import Session
from joborch.cli.wishes import Wishes
from joborch.client import Orchestrator
from joborch.domain.dependencies import Dependencies


class Awaiting:
    """Finds the jobs that are named, once, however many submissions name them."""

    def __init__(self, session: Session, orchestrator: Orchestrator) -> None:
        self._session, self._orchestrator = session, orchestrator
        self._found: dict[tuple[str, ...], tuple[int, ...]] = {}

    async def named_in(self, wishes: Wishes) -> Dependencies:
        """Return what a submission is to wait for.

        Raises:
            JobNotFoundError: a job that is named by its id is not there.
            EmptySelectionError: what is named is no job.
        """
        return Dependencies(
            completed=await self._ids(wishes.after), ended=await self._ids(wishes.after_any)
        )

    async def _ids(self, texts: Sequence[str]) -> tuple[int, ...]:
        named = tuple(texts)
        if named and named not in self._found:
            jobs = await select(named, session=self._session, orchestrator=self._orchestrator)
            self._found[named] = tuple(job.id for job in jobs)
        return self._found.get(named, ())
