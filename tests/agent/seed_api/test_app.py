"""What a server of the original is answered, down to the bodies that it does not read."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from joborch.agent.seed_api import changes
from joborch.agent.seed_api.app import Parts, create_app
from joborch.agent.seed_api.book import Book
from joborch.agent.seed_api.desk import Desk
from joborch.agent.seed_api.partials import Partials
from joborch.agent.seed_api.shelf import Shelf
from joborch.wire.agents import LoadView, Report
from tests.support.builders import FrozenClock

NOTHING = b'{"id":0,"input":{},"status":"Unknown","loc":"","pid":0,"killed":false}'
SCRIPT = {"run.sh": ("run.sh", b"exit 0\n")}

Story = Callable[[httpx.AsyncClient, Book], Awaitable[httpx.Response]]


def told(home: Path, story: Story) -> httpx.Response:
    """Tell a story to a listener whose agent does nothing, and return its last answer."""

    async def tell() -> httpx.Response:
        book = Book(Shelf(home), clock=FrozenClock())
        partials = Partials(book.shelf)
        parts = Parts(
            book=book,
            desk=Desk(book, partials),
            partials=partials,
            load=LoadView,
            has_room=lambda: True,
            max_upload=1_000_000,
        )
        transport = httpx.ASGITransport(create_app(parts))  # type: ignore[arg-type]  # two spellings of ASGI
        async with httpx.AsyncClient(transport=transport, base_url="http://listener") as http:
            return await story(http, book)

    return asyncio.run(tell())


async def submitted(http: httpx.AsyncClient) -> int:
    answer = await http.post("/submit", files=SCRIPT)
    return int(answer.json()["id"])


def test_a_kill_is_answered_with_an_empty_body(tmp_path: Path) -> None:
    async def story(http: httpx.AsyncClient, _: Book) -> httpx.Response:
        return await http.post(f"/kill/{await submitted(http)}")

    answer = told(tmp_path, story)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "0"


def test_a_kill_that_comes_too_late_is_answered_with_an_empty_body(tmp_path: Path) -> None:
    async def story(http: httpx.AsyncClient, book: Book) -> httpx.Response:
        job_id = await submitted(http)
        report = Report(job_id=job_id, attempt=1, token="", outcome="completed")
        await book.change(job_id, lambda record: changes.ended(record, report, 1.0))
        return await http.post(f"/kill/{job_id}")

    answer = told(tmp_path, story)

    assert (answer.status_code, answer.content) == (500, b"")


def test_a_kill_of_a_job_that_is_not_there_is_answered_with_an_empty_payload(
    tmp_path: Path,
) -> None:
    answer = told(tmp_path, lambda http, _: http.post("/kill/7"))

    assert (answer.status_code, answer.content) == (404, NOTHING)
