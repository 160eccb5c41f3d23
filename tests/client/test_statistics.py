from datetime import timedelta

from joborch.wire.statistics import Estimate, StartEstimate
from tests.cli.test_stats import some_statistics
from tests.client.conftest import Ask
from tests.support.stub_server import Answer, StubServer, says


def test_statistics_are_asked_for_again_if_nobody_answers(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/statistics", Answer(status=503), says(some_statistics()))

    told = ask(lambda server: server.statistics(window=timedelta(hours=1), service="example"))

    assert told == some_statistics()
    assert stub.heard[-1].query == {"window": "3600.0", "buckets": "60", "service": "example"}


def test_the_start_of_what_is_not_submitted_is_asked_for(stub: StubServer, ask: Ask) -> None:
    soon = Estimate(expected_s=1, low_s=0, high_s=2)
    said = StartEstimate(
        service="example", user_id="ann", jobs=3, first=soon, last=soon, reason=None
    )
    stub.on("GET /api/v1/estimate", says(said))

    told = ask(lambda server: server.estimate(service="example", user="ann", jobs=3))

    assert told == said
    assert stub.heard[-1].query == {"service": "example", "user": "ann", "jobs": "3"}
