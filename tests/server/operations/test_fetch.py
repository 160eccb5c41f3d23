import asyncio
from pathlib import Path

import pytest

from joborch.domain.errors import ResultsGoneError
from joborch.server.operations import fetch
from tests.support.bench import a_bench, a_zip


def test_results_whose_removal_was_not_recorded_yet_are_gone(tmp_path: Path) -> None:
    """Retention removes the file first: who asks in between hears the same as afterwards."""

    async def story() -> None:
        async with a_bench(tmp_path) as bench:
            job_id = await bench.submit_one()
            agent = await bench.agent()
            (lease,) = await agent.take()
            await agent.report(lease, results=a_zip(out="1"))
            bench.parts.blobs.remove_results(job_id, 1)
            assert (await bench.job(job_id)).has_results
            with pytest.raises(ResultsGoneError, match="retention"):
                await fetch.results(job_id, database=bench.parts.database, blobs=bench.parts.blobs)

    asyncio.run(story())
