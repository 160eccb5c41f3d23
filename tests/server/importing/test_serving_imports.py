"""A server over imported data answers for each job as if it had always been there."""

from pathlib import Path

import pytest

from tests.server.importing.originals import BECOMES, Source, give_results, run
from tests.support.server import running_server


@pytest.mark.parametrize("compat", ["v1", "v2"])
def test_results_are_downloaded_as_they_were_at_the_original(
    source: Source, into: Path, compat: str
) -> None:
    results = give_results(source.add("completed", job_id=12))
    run(source, into)
    with running_server(into, compat=compat) as server:
        answer = server.http.get("/download/12")
    assert (answer.status_code, answer.content) == (200, results)


def test_a_job_of_each_status_can_be_looked_at(source: Source, into: Path) -> None:
    for job_id, status in enumerate(BECOMES, 1):
        source.add(status, job_id=job_id)
    run(source, into)
    with running_server(into, service=["other"]) as server:
        answers = [server.http.get(f"/api/v1/jobs/{n}") for n in range(1, len(BECOMES) + 1)]
        listed = server.http.get("/api/v1/jobs").json()
    assert [answer.json().get("state") for answer in answers] == [*BECOMES.values()]
    assert listed["total"] == len(BECOMES)
