import pytest

from joborch.tui.lines import warnings
from joborch.tui.picture import Link, LinkState, Picture
from joborch.wire.agents import AgentView
from tests.tui.a_site import an_agent
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, a_look, play


def a_silent_agent(*, active: int = 4, in_s: float = 56) -> AgentView:
    return an_agent("gpu-1", state="late", active=active, seen_s=64, requeue_s=in_s)


@pytest.mark.parametrize(
    ("in_s", "when"), [(90, "in 1m 30s"), (55.2, "in 56s"), (0.1, "in 1s"), (0, "now"), (-9, "now")]
)
def test_when_the_jobs_of_a_silent_agent_are_requeued_is_counted_down_to_now(
    in_s: float, when: str
) -> None:
    picture = Picture(agents=[a_silent_agent(in_s=in_s)], link=Link(state=LinkState.LIVE))
    said = f"! gpu-1 is late: its 4 jobs requeue {when}"
    assert [*warnings(picture, a_look())] == [[(said, "$state-down")]]


def test_while_the_server_is_away_nothing_is_counted_down() -> None:
    picture = Picture(agents=[a_silent_agent()], link=Link(state=LinkState.OFFLINE))
    assert [*warnings(picture, a_look())] == []


def test_below_the_agents_it_says_whose_jobs_will_be_requeued_until_they_are() -> None:
    source = ScriptedSource()
    source.agent_views = [an_agent("compute-1"), a_silent_agent(active=1)]

    async def story(stage: Stage) -> None:
        await stage.press("3")
        await stage.sees("! gpu-1 is late: its job requeues in 56s")
        source.agent_views = [an_agent("compute-1"), an_agent("gpu-1", state="down")]
        stage.app.desk.feed.look()
        await stage.sees_no("requeues")

    play(story, source, size=(60, 20))
