import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from joborch.domain.errors import NotFoundError
from joborch.domain.states import JobState
from joborch.tui.feed import NOT_YET, Feed
from joborch.tui.listing import Scope
from joborch.tui.news import News
from joborch.tui.picture import LinkState, Picture
from joborch.tui.rhythm import Rhythm
from tests.support.views import NOON, a_job_view
from tests.support.waiting import async_wait_until
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import QUICK

RUNNING, COMPLETED = JobState.RUNNING, JobState.COMPLETED
Story = Callable[[Feed, Picture, list[News]], Awaitable[None]]


@asynccontextmanager
async def running(feed: Feed) -> AsyncIterator[None]:
    task = asyncio.create_task(feed.run(), name="feed")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def play(story: Story, source: ScriptedSource, scope: Scope = Scope.RECENT) -> None:
    async def played() -> None:
        picture, told = Picture(), list[News]()
        feed = Feed(source, picture, tell=told.append, now=lambda: NOON, rhythm=QUICK, scope=scope)
        async with running(feed):
            await until(lambda: picture.link.state is not LinkState.CONNECTING)
            await story(feed, picture, told)

    asyncio.run(played())


async def until(condition: Callable[[], object]) -> None:
    await async_wait_until(condition, timeout=20)


async def until_live(picture: Picture) -> None:
    await until(lambda: picture.link.state is LinkState.LIVE)


def test_all_pages_are_listed() -> None:
    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        assert len(picture.jobs) == 2500
        assert picture.states == {"running": 2500}

    play(story, ScriptedSource(*(a_job_view(i, RUNNING) for i in range(1, 2501))))


def test_what_changes_again_while_it_is_being_asked_for_is_asked_for_again() -> None:
    class Slow(ScriptedSource):
        async def jobs_by_id(self, job_ids, *, required=None):  # type: ignore[no-untyped-def]
            found = await super().jobs_by_id(job_ids, required=required)
            if found[0].state == RUNNING:
                self.happen(a_job_view(1, COMPLETED))
                await asyncio.sleep(0)  # the event is heard before the answer
                await asyncio.sleep(0)
            return found

    source = Slow(a_job_view(1))

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        source.happen(a_job_view(1, RUNNING))
        await until(lambda: picture.jobs[1].state == COMPLETED)

    play(story, source)


def test_many_events_of_one_job_are_one_question() -> None:
    source = ScriptedSource(a_job_view(1, RUNNING))

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        told.clear()
        source.happen(*(a_job_view(1, RUNNING, priority=p) for p in range(50)))
        await until(lambda: picture.jobs[1].priority == 49)
        assert [news.jobs for news in told if news.jobs] == [{1}]

    play(story, source)


def test_what_happened_while_the_server_was_away_is_asked_for_without_listing_again() -> None:
    source = ScriptedSource(a_job_view(1, RUNNING))

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        source.happen(a_job_view(1, RUNNING, priority=1))
        await until(lambda: picture.jobs[1].priority == 1)
        listings = source.listings
        source.go_away()
        await until(lambda: picture.link.state is LinkState.OFFLINE)
        source.happen(a_job_view(1, COMPLETED), a_job_view(2, RUNNING))
        source.come_back()
        await until(lambda: picture.states == {"completed": 1, "running": 1})
        assert source.listings == listings
        assert [news.is_back for news in told].count(True) == 1

    play(story, source)


def test_another_database_in_the_place_of_the_one_before_is_listed_and_not_mixed_with_it() -> None:
    source = ScriptedSource(a_job_view(1, RUNNING), a_job_view(2, RUNNING))
    later = NOON + timedelta(hours=1)

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        source.happen(a_job_view(1, COMPLETED))
        await until(lambda: picture.states == {"completed": 1, "running": 1})
        source.go_away()
        await until(lambda: picture.link.state is LinkState.OFFLINE)
        source.become_another(a_job_view(1, submitted_at=later), at=later)
        told.clear()
        source.come_back()
        await until(lambda: picture.link.state is LinkState.LIVE)
        assert picture.jobs == source.known
        assert [news.gone for news in told if news.is_all] == [{1, 2}]
        assert {news.jobs for news in told} == {frozenset()}

    play(story, source)


def test_a_database_that_comes_back_is_listed_though_nothing_was_heard_from_the_one_between() -> (
    None
):
    source = ScriptedSource(a_job_view(1, RUNNING))
    later = NOON + timedelta(hours=1)

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        source.happen(a_job_view(1, COMPLETED))
        await until(lambda: picture.jobs == source.known)
        first = source.known, source.happened
        source.go_away()
        await until(lambda: picture.link.state is LinkState.OFFLINE)
        source.become_another(a_job_view(1, RUNNING, submitted_at=later), at=later)
        source.come_back()
        await until(lambda: picture.link.state is LinkState.LIVE and picture.jobs == source.known)
        source.go_away()
        await until(lambda: picture.link.state is LinkState.OFFLINE)
        source.known, source.happened = first
        source.come_back()
        await until(lambda: picture.link.state is LinkState.LIVE)
        assert picture.jobs == source.known

    play(story, source)


def test_a_database_that_leaves_while_it_is_being_listed_leaves_none_of_its_jobs() -> None:
    class Leaving(ScriptedSource):
        leaves = False

        async def jobs(self, query=None, *, limit=50, cursor=None):  # type: ignore[no-untyped-def]
            page = await super().jobs(query, limit=limit, cursor=cursor)
            if self.leaves:
                self.go_away()
                await asyncio.Event().wait()
            return page

    source = Leaving(a_job_view(1, RUNNING))
    later = NOON + timedelta(hours=1)

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        source.happen(a_job_view(1, COMPLETED))
        await until(lambda: picture.jobs == source.known)
        first = source.known, source.happened
        source.go_away()
        await until(lambda: picture.link.state is LinkState.OFFLINE)
        source.become_another(a_job_view(7, RUNNING, submitted_at=later), at=later)
        source.leaves = True
        source.come_back()
        await until(lambda: not source.is_up)
        source.leaves = False
        source.known, source.happened = first
        listings = source.listings
        source.come_back()
        await until_live(picture)
        assert picture.jobs == source.known
        assert source.listings > listings

    play(story, source)


def test_a_server_that_has_to_be_listed_anew_is_not_called_live_before() -> None:
    source, states, picture = ScriptedSource(a_job_view(1)), list[LinkState](), Picture()

    def tell(news: News) -> None:
        if news.is_back:
            states.append(picture.link.state)

    async def played() -> None:
        async with running(Feed(source, picture, tell=tell, now=lambda: NOON, rhythm=QUICK)):
            await until_live(picture)
            source.go_away()  # without any event there is none to go on after
            await until(lambda: picture.link.state is LinkState.OFFLINE)
            source.become_another(a_job_view(2), at=NOON)
            source.come_back()
            await until(lambda: picture.jobs == source.known)

    asyncio.run(played())
    assert states == [LinkState.LOADING]


def test_a_server_is_asked_to_go_on_after_an_event_by_its_mark() -> None:
    source = ScriptedSource(a_job_view(1))

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        source.happen(a_job_view(1, RUNNING))
        await until(lambda: picture.jobs[1].state == RUNNING)
        source.go_away()
        await until(lambda: picture.link.state is LinkState.OFFLINE)
        source.come_back()
        await until_live(picture)
        assert source.asked_after == [str(NOT_YET), source.happened[0].mark]

    play(story, source)


def test_what_happens_between_two_pages_is_in_the_picture_in_the_end() -> None:
    class Moving(ScriptedSource):
        async def jobs(self, query=None, *, limit=50, cursor=None):  # type: ignore[no-untyped-def]
            page = await super().jobs(query, limit=limit, cursor=cursor)
            if cursor is None and query.state == "active" and 2001 not in self.known:
                ended, new = a_job_view(1, COMPLETED), a_job_view(2001)
                self.happen(a_job_view(2000, COMPLETED), ended, new)
            return page

    source = Moving(*(a_job_view(i, RUNNING) for i in range(1, 2001)))

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until(lambda: picture.jobs == source.known)
        assert picture.states == {"running": 1998, "completed": 2, "queued": 1}
        assert source.listings == 2  # of those that are active and those that have ended: once

    play(story, source)


def test_only_active_jobs_are_listed_where_no_others_are_wanted() -> None:
    source = ScriptedSource(a_job_view(1, RUNNING), a_job_view(2, COMPLETED))

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        assert [*picture.jobs] == [1]
        feed.show(Scope.ALL)
        await until(lambda: [*picture.jobs] == [1, 2])

    play(story, source, scope=Scope.ACTIVE)


def test_since_when_it_is_offline_stays_the_same_however_often_it_tries() -> None:
    source = ScriptedSource()

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        source.go_away()
        await until(lambda: picture.link.state is LinkState.OFFLINE)
        tries = len(told)
        await until(lambda: len(told) > tries + 2)
        assert picture.link.since == NOON
        assert picture.link.reason == "cannot reach http://orch:5000 (connection refused)"

    play(story, source)


def test_a_server_that_cannot_tell_how_much_is_done_is_live_all_the_same() -> None:
    class Older(ScriptedSource):
        async def statistics(self, **asked):  # type: ignore[no-untyped-def]
            self.measured.append(asked["window"])
            raise NotFoundError("no such address")

    source = Older(a_job_view(1))

    async def story(feed: Feed, picture: Picture, told: list[News]) -> None:
        await until_live(picture)
        await until(lambda: source.measured)
        source.happen(a_job_view(1, RUNNING))
        await until(lambda: picture.jobs[1].state == RUNNING)
        assert picture.link.state is LinkState.LIVE
        assert picture.statistics is None
        assert len(source.measured) == 1

    play(story, source)


def test_a_terminal_far_away_is_sent_news_and_clocks_less_often_unless_told_otherwise() -> None:
    far, told = Rhythm.at(None, is_far=True), Rhythm.at(4, is_far=True)
    assert (far.gather_s, far.tick_s) == (0.5, 5)
    assert (told.gather_s, told.tick_s) == (0.25, 1)
    assert Rhythm.at(None) == Rhythm.at(4) == Rhythm()
    assert Rhythm.at(0.5).tick_s == 2
