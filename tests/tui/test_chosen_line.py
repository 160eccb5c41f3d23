"""The line at the bottom, which has the server's own explanation of the selected job."""

from msgspec.structs import replace

from tests.support.views import NOON, a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play


def test_when_the_job_changes_it_is_explained_anew() -> None:
    source = ScriptedSource(a_job_view(7, name="mine"))
    explanation = replace(a_busy_source().explanations[1213], job_id=7)
    source.explanations[7] = replace(explanation, message="its turn")

    async def story(stage: Stage) -> None:
        await stage.sees("its turn")
        source.explanations[7] = replace(explanation, message="somebody holds it")
        source.happen(replace(source.known[7], held_at=NOON))
        await stage.sees("somebody holds it")
        assert "its turn" not in stage.frame

    play(story, source)
