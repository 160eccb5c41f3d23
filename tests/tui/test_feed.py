import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from joborch.domain.states import JobState
from joborch.tui.feed import Feed, News, Scope
from joborch.tui.picture import LinkState, Picture
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
