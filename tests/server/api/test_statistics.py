import pytest

from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer

PATH = "/api/v1/statistics"


def test_what_ended_is_counted(server: RunningServer, agent: HandAgent) -> None:
    agent.finish(agent.take(submit(server.http)))

    told = server.http.get(PATH, params={"window": "5m", "buckets": "5"}).json()

    assert told["schema"] == "joborch.statistics/1"
    assert (told["window_s"], told["bucket_s"], told["service"]) == (300, 60, None)
    assert len(told["buckets"]) == 5
    assert told["completed"] == sum(bucket["completed"] for bucket in told["buckets"]) >= 1
    assert told["run"]["count"] >= 1


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"window": "soon"}, "window: not a duration"),
        ({"window": "59s"}, "window: a window is 1m to 7d long"),
        ({"window": "8d"}, "window: a window is 1m to 7d long"),
        ({"buckets": "1"}, "buckets"),
        ({"buckets": "241"}, "buckets"),
        ({"bucket": "60"}, "there is no parameter 'bucket'; buckets?"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    server: RunningServer, query: dict[str, str], named: str
) -> None:
    answer = server.http.get(PATH, params=query)

    assert answer.status_code == 400
    assert named in answer.text


def test_a_service_that_there_is_not_is_not_found(server: RunningServer) -> None:
    assert server.http.get(PATH, params={"service": "exmaple"}).status_code == 404
