import asyncio

from joborch.client import Orchestrator
from tests.support.stub_server import StubServer, says
from tests.support.views import a_page


def test_a_token_that_is_typed_later_goes_with_every_request_from_then_on(
    stub: StubServer,
) -> None:
    stub.on("GET /api/v1/jobs", says(a_page()))

    async def ask() -> None:
        async with Orchestrator(stub.url) as orchestrator:
            await orchestrator.jobs()
            orchestrator.authorize("secret")
            await orchestrator.jobs()

    asyncio.run(ask())
    shown = [heard.headers.get("authorization") for heard in stub.heard]
    assert shown == [None, "Bearer secret"]
