from joborch.domain.states import JobState
from joborch.tui.widgets.log_view import MOST_LINES
from joborch.wire.events import LogText
from tests.support.views import a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play


def a_source(*texts: str) -> ScriptedSource:
    job = a_job_view(1, JobState.RUNNING)
    source = ScriptedSource(job)
    source.logs[1] = [LogText(stream="stdout", offset=0, text=text) for text in texts]
    return source


def test_pieces_become_lines() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("one whole line\nand another", "2 lines")

    play(story, a_source("one wh", "ole line\nand ", "another\n"))


def test_the_end_is_followed_until_a_person_scrolls() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("line 99", "following")
        await stage.press("k")
        await stage.sees("stopped; f follows")
        await stage.press("g")
        await stage.sees("line 0")
        await stage.press("f")
        await stage.sees("line 99", "following")

    play(story, a_source("".join(f"line {i}\n" for i in range(100))))


def test_only_the_last_lines_are_kept() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("the first 5 are not kept")
        await stage.press("g")
        await stage.sees("line 5\n")

    text = "".join(f"line {i}\n" for i in range(MOST_LINES + 5))
    play(story, a_source(text), size=(120, 40))


def test_what_a_job_writes_cannot_reach_the_terminal() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("beforeafter")
        assert "\x1b" not in stage.frame

    play(story, a_source("before\x1b]52;c;ZXZpbA==\x07\x1b[2Jafter\n"))


def test_a_word_can_be_looked_for() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("line 99")
        await stage.press("slash", *"LINE 42", "enter")
        await stage.sees("line 42")
        await stage.press("escape", "slash", *"nowhere", "enter")
        await stage.sees("nothing says nowhere")

    play(story, a_source("".join(f"line {i}\n" for i in range(100))))


def test_the_end_of_the_job_is_told() -> None:
    source = a_busy_source()
    source.logs[1207].append(a_job_view(1207, JobState.FAILED))

    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("ended: failed")

    play(story, source)


def test_a_log_that_could_not_be_read_is_read_once_the_server_is_back() -> None:
    source = a_source("here it is\n")

    async def story(stage: Stage) -> None:
        source.go_away()
        await stage.sees("OFFLINE")
        await stage.press("l")
        await stage.sees("log of 1", "following · cannot reach")
        source.come_back()
        await stage.sees("here it is")

    play(story, source)
