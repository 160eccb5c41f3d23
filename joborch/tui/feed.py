"""From the server's event stream to the picture.

Events say which jobs changed, and those are asked for; nothing that the stream tells of is asked
for on a timer.

What no stream tells of is looked at by the surroundings. While it is paused it listens, counts,
and asks nothing.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import aclosing, suppress
from datetime import datetime, timedelta

from joborch.client import Missed
from joborch.domain.errors import JoborchError, NotAllowedError, ShuttingDownError
from joborch.tui import garbage
from joborch.tui.hearing import Hearing
from joborch.tui.listing import Scope, listed
from joborch.tui.news import News
from joborch.tui.picture import Link, LinkState, Picture, is_same
from joborch.tui.rhythm import Rhythm
from joborch.tui.source import Source
from joborch.tui.surroundings import Surroundings
from joborch.wire.jobs import JobView

MOST_AT_ONCE = 500
MUCH, SLOWER = 100, 2
"""Of more changes at once than anybody can read a person sees half as many frames."""
NOT_YET = 2**63 - 1
"""As the last event known: one the server cannot have, so it answers ``reset`` as soon as it has
begun to record events for us. Jobs that are listed then miss nothing."""


class Feed:
    """Keeps a picture true, for as long as it runs and whatever becomes of the server."""

    def __init__(
        self,
        source: Source,
        picture: Picture,
        *,
        tell: Callable[[News], None],
        now: Callable[[], datetime],
        rhythm: Rhythm | None = None,
        scope: Scope = Scope.RECENT,
    ) -> None:
        """Ask for nothing yet; ``tell`` will be called after each change of the picture."""
        self.scope = scope
        self._source, self._picture = source, picture
        self._tell, self._now = tell, now
        self._rhythm = rhythm or Rhythm()
        self._pause_s = self._rhythm.first_pause_s
        self._mark: str | int = NOT_YET
        """Names the last event that was heard of the database that the picture is of.

        It never outlives that picture: were the database of before to come back, its mark would be
        valid again, and the jobs of the one between would stay for ever."""
        self._hearing = Hearing(picture)
        self._around = Surroundings(
            source, picture, self._hearing, tell=lambda: tell(News()), now=now
        )
        self._must_list = True
        self._is_listing = False
        self._has_missed = False
        self._news, self._retry = asyncio.Event(), asyncio.Event()

    @property
    def is_behind(self) -> bool:
        """Whether jobs are still to be listed."""
        return self._must_list or self._is_listing

    @property
    def newest(self) -> int | None:
        """The last event before the pause, if it is known."""
        return self._picture.happened[-1].seq if self._picture.happened else None

    @property
    def unasked(self) -> list[int]:
        """Jobs that changed before the pause and are not yet in the picture as they are."""
        return sorted(self._hearing.changed)

    async def run(self) -> None:
        """Connect, and again whenever the connection breaks; never returns."""
        rhythm = self._rhythm
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._listen(), name="events")
                    tasks.create_task(self._ask(), name="jobs that changed")
                    look_around = self._around.look_around(rhythm.surroundings_s, rhythm.at_rest_s)
                    tasks.create_task(look_around, name="agents and quotas")
                    measure = self._around.measure(rhythm.statistics_s)
                    tasks.create_task(measure, name="statistics")
                    watch_disk = self._around.watch_disk(rhythm.statistics_s)
                    tasks.create_task(watch_disk, name="disk")
            except* JoborchError as errors:
                self._lose(_first(errors))
            await self._wait_to_retry()

    def retry(self) -> None:
        """Connect now, if the connection is lost; otherwise list the jobs anew."""
        self._retry.set()
        self._list_again()

    def pause(self) -> None:
        """Leave the picture as it is; only listen and count."""
        self._hearing.pause()

    def go_on(self) -> None:
        """Take in what has changed meanwhile."""
        self._hearing.go_on()
        self._news.set()
        self._around.stir()

    def look(self) -> None:
        """Ask for agents and quotas soon."""
        self._around.stir()

    def show(self, scope: Scope) -> None:
        """List other jobs than before."""
        self.scope = scope
        self._list_again()

    async def _listen(self) -> None:
        events = self._source.events(on_open=self._open, after=self._mark)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Missed):
                    self._miss()
                    continue
                self._mark = event.mark
                self._hearing.take(event)
                self._news.set()
                self._around.stir()
        raise ShuttingDownError("the server has shut down")

    def _open(self) -> None:
        self._pause_s = self._rhythm.first_pause_s
        was_lost = self._picture.link.state is LinkState.OFFLINE
        # Without a mark a reset follows, and nothing is known to be true before it.
        is_whole = self._mark != NOT_YET and not self._must_list
        state = LinkState.LIVE if is_whole else LinkState.LOADING
        self._picture.link = Link(state=state)
        self._heard()
        self._tell(News(is_back=was_lost))
        self._around.stir()
        if self._mark != NOT_YET:  # otherwise the reset has the jobs listed
            self._news.set()

    async def _ask(self) -> None:
        while True:
            await self._news.wait()
            await self._hearing.going.wait()
            self._news.clear()
            if self._must_list and self._picture.is_connected:
                await self._list()
            changed = len(self._hearing.changed)
            while self._hearing.changed and not self._hearing.is_paused:
                await self._ask_for_changed()
            await asyncio.sleep(self._rhythm.gather_s * (SLOWER if changed > MUCH else 1))

    async def _ask_for_changed(self) -> None:
        wanted = {i: self._hearing.changed[i] for i in self.unasked[-MOST_AT_ONCE:]}
        found = await self._source.jobs_by_id(wanted, required=())
        if self._hearing.is_paused:
            return  # they are asked for again afterwards
        # Only now: had it failed, they would have to be asked for again.
        self._hearing.told(wanted)
        self._heard()
        self._tell(News(jobs=self._picture.put(found)))

    async def _list(self) -> None:
        """List all jobs of the scope; those known so far stay until the list is complete."""
        has_missed, shows = self._has_missed, not (self._has_missed and self._picture.jobs)
        self._must_list = self._has_missed = False
        self._is_listing = True

        def came(jobs: Iterable[JobView]) -> None:
            """Show a page at once, unless it might be mixed with another database's jobs."""
            self._heard()
            self._tell(News(jobs=self._picture.put(jobs) if shows else frozenset()))
            garbage.settle(len(self._picture.jobs))

        try:
            jobs = await listed(self._source, self.scope, came=came)
        except BaseException:
            self._must_list, self._has_missed = True, has_missed or self._has_missed
            raise
        finally:
            self._is_listing = False
        if self._has_missed:
            return  # some pages may be of another database: all are listed once more
        gone = _gone(self._picture.jobs, jobs) if has_missed else frozenset[int]()
        if has_missed:
            self._picture.turns = []  # of jobs that there may not be any more
        self._picture.replace(jobs)
        self._picture.link = Link(state=LinkState.LIVE)
        self._heard()
        self._tell(News(is_all=True, gone=gone, is_other=_is_other(gone, jobs.keys())))

    def _miss(self) -> None:
        """List everything again: this stream does not follow from what is known."""
        self._mark = NOT_YET
        self._hearing.miss()
        self._has_missed = True
        self._picture.link = Link(state=LinkState.LOADING)
        self._list_again()
        self._tell(News())

    def _list_again(self) -> None:
        self._must_list = True
        self._news.set()

    def _heard(self) -> None:
        self._picture.as_of = self._now()

    def _lose(self, error: JoborchError) -> None:
        before = self._picture.link
        since = before.since if before.state is LinkState.OFFLINE else self._now()
        # Full jitter, so that many dashboards do not come back at once.
        pause_s = self._pause_s * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self._pause_s = min(self._pause_s * 1.7, self._rhythm.longest_pause_s)
        is_refused = isinstance(error, NotAllowedError)
        self._picture.link = Link(
            state=LinkState.OFFLINE,
            since=since,
            reason=error.message,
            hint=error.hint or "",
            retry_at=None if is_refused else self._now() + timedelta(seconds=pause_s),
            is_refused=is_refused,
        )
        self._tell(News())

    async def _wait_to_retry(self) -> None:
        retry_at = self._picture.link.retry_at
        left_s = max((retry_at - self._now()).total_seconds(), 0.0) if retry_at else None
        with suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await self._retry.wait()
        self._retry.clear()


def _gone(before: Mapping[int, JobView], now: Mapping[int, JobView]) -> frozenset[int]:
    """Return the ids that are not of the same job any more, if of any."""
    return frozenset(job_id for job_id, job in before.items() if not is_same(job, now.get(job_id)))


def _is_other(gone: frozenset[int], jobs: Collection[int]) -> bool:
    """Whether it shows that the database is another one.

    Of one database no id is of two jobs, and the newest job stays in the list.
    """
    return not gone.isdisjoint(jobs) or max(gone, default=0) > max(jobs, default=0)


def _first(errors: BaseExceptionGroup[JoborchError]) -> JoborchError:
    """Return one of what went wrong at the same time; they have one cause."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, JoborchError) else JoborchError(str(error))
