"""A cancel at any moment of a job's life: the job ends once, and as what really became of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count, product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from joborch.domain.states import JobState
from tests.faults.lives import LIVES, LOST_AFTER_S, Host, Life, obeys
from tests.faults.races import AFTER_ALL, Cancel, Race
from tests.faults.sizes import size
from tests.faults.truths import read_books, wrong_results, wrongs
from tests.support.bench import Bench, ScriptedAgent, a_bench

pytestmark = [pytest.mark.faults, pytest.mark.timeout(size(60, nightly=1200))]

SERVICE = f"example:per_user=2,max=2,lost_after={LOST_AFTER_S}s"
Place = tuple[int, int]
"""Of a cancel: the step before which it writes, and the one before which it tells the agent."""


class Track:
    """One server and one agent, for one race after the other."""

    def __init__(self, bench: Bench, agent: ScriptedAgent, data: Path) -> None:
        self._bench = bench
        self._agent = agent
        self._data = data
        self._incarnations = count(1, 2)

    async def length(self, life: Life) -> int:
        """Count the steps of a life that nobody disturbs until it is over."""
        job_id = await self._bench.submit_one()
        race, _ = await self._race(life, [Cancel(job_id, AFTER_ALL, AFTER_ALL)])
        return race.steps

    async def run(self, life: Life, *places: Place, array: str | None = None) -> list[str]:
        """Have jobs live, and each be cancelled at all these places; return what went wrong."""
        ids = [job.id for job in (await self._bench.submit(array=array)).jobs]
        cancels = [Cancel(job_id, *place) for job_id, place in product(ids, places)]
        _, host = await self._race(life, cancels)
        wrong = [line for job_id in ids for line in await self._untruths(job_id, cancels, host)]
        if (used := await self._bench.usage()) != (0, 0):
            wrong.append(f"slots in use: {used}")
        return [f"{life.__name__}, cancelled at {places}: {each}" for each in wrong]

    async def violations(self) -> list[str]:
        """Check everything that this server has ever written."""
        parts = self._bench.parts
        books = await parts.database.read(read_books)
        return [*wrongs(books, parts.catalog.limits()), *wrong_results(books, self._data)]

    async def _race(self, life: Life, cancels: list[Cancel]) -> tuple[Race, Host]:
        """Have it all happen; then the agent hears once more, and ends what it is told to."""
        race = Race(self._bench, cancels)
        host = Host(race.server, self._agent.agent, next(self._incarnations))
        await life(host)
        await race.finish()
        host.server = self._bench
        for one in await host.obey():
            if one.job_id in host.cancelled:
                await host.end(one, "cancelled")
        return race, host

    async def _untruths(self, job_id: int, cancels: list[Cancel], host: Host) -> list[str]:
        """Compare what the server says of a job with what was asked and done."""
        own = [one for one in cancels if one.job_id == job_id]
        job, history = await self._bench.job(job_id), await self._bench.told(job_id)
        wrong = []
        if job.state != (expected := what_became_of_it(own, host.recorded.get(job_id))):
            wrong.append(f"is {job.state}, expected {expected}: {history}")
        asked_at = history.index("cancel_requested") if "cancel_requested" in history else AFTER_ALL
        if {"requeue", "assign", "reoffered"} & set(history[asked_at:]):
            wrong.append(f"went on after the cancel: {history}")
        if any(one.answer is None and one.seen != job for one in own):
            wrong.append(f"was changed after its end: {own}, now {job}")
        return wrong


def what_became_of_it(cancels: list[Cancel], recorded: str | None) -> JobState:
    """Say how a job must have ended whose agent could have this recorded, if anything."""
    first = cancels[0]
    assert first.seen is not None
    if first.answer is None:
        return first.seen.state
    if first.seen.state is JobState.QUEUED or recorded in {None, "lost"}:
        return JobState.CANCELLED
    return JobState(recorded)


@asynccontextmanager
async def a_track(data: Path) -> AsyncIterator[Track]:
    async with a_bench(data, SERVICE) as bench:
        yield Track(bench, await bench.agent(slots=4), data)


@pytest.fixture
def data() -> Iterator[Path]:
    """A server's directory, in memory if there is room: what is durable is not asked here."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder) / "data"


def places(steps: int) -> Iterator[Place]:
    """Every place where a cancel can write; it tells at once or after all, by night anywhere."""
    for writes_at in range(steps + 1):
        later = size([writes_at, AFTER_ALL], nightly=[*range(writes_at, steps + 1)])
        yield from ((writes_at, tells_at) for tells_at in later)


def again(steps: int) -> list[list[Place]]:
    """Where somebody cancels once more: nowhere, or by night at every other step."""
    return size([[]], nightly=[[], *([(at, at)] for at in range(0, steps + 1, 2))])


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_a_cancel_at_any_moment_leaves_the_truth_and_a_free_slot(data: Path, life: Life) -> None:
    async def story() -> list[str]:
        async with a_track(data) as track:
            steps = await track.length(life)
            wrong = []
            for place, once_more in product(places(steps), again(steps)):
                wrong += await track.run(life, place, *once_more)
            return wrong + await track.violations()

    assert asyncio.run(story()) == []


def test_cancelling_twice_is_cancelling_once(data: Path) -> None:
    async def story() -> list[str]:
        async with a_track(data) as track:
            wrong = []
            for first, second in places(await track.length(obeys)):
                wrong += await track.run(obeys, (first, AFTER_ALL), (second, second))
            return wrong + await track.violations()

    assert asyncio.run(story()) == []


@pytest.mark.parametrize("life", size([obeys], nightly=LIVES), ids=lambda life: life.__name__)
def test_an_array_may_be_cancelled_while_it_is_dispatched(data: Path, life: Life) -> None:
    async def story() -> list[str]:
        async with a_track(data) as track:
            wrong = []
            for place in places(await track.length(life)):
                wrong += await track.run(life, place, array="1-3")
            return wrong + await track.violations()

    assert asyncio.run(story()) == []
