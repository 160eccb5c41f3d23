from pathlib import Path

import pytest
from textual.widgets import Input

from joborch.domain.errors import JoborchError
from joborch.domain.states import JobState
from joborch.tui.keeping import keep
from joborch.tui.log_lines import MOST_LINES, LogLines
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


def test_the_match_that_is_shown_is_counted_and_so_are_all() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("following")
        await stage.press("g", "slash", *"fox", "enter")
        await stage.sees("match 1/3")
        await stage.press("n", "n")
        await stage.sees("match 3/3")
        await stage.press("n")
        await stage.sees("match 1/3")
        await stage.press("N", "N")
        await stage.sees("match 2/3")
        await stage.press("escape")
        await stage.sees_no("match")

    play(story, a_source("a fox\nno\nFOX\nno\nfoxes\n"))


def test_a_long_line_is_wrapped_on_demand_and_what_was_at_the_top_stays_there() -> None:
    text = "".join(f"{i:03d}-{'x' * 90}-{i:03d}\n" for i in range(60))

    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("059-xx")
        assert "-059" not in stage.frame
        await stage.press("g", *"jjjjj", "w")
        await stage.sees("wrapped", "005-xx", "-005")
        assert stage.frame.splitlines()[2].startswith("005-xx")
        await stage.press("w")
        await stage.sees_no("wrapped")
        assert stage.frame.splitlines()[2].startswith("005-xx")

    play(story, a_source(text))


def test_wrapping_never_cuts_a_wide_character_in_two() -> None:
    lines = LogLines()
    lines.arrange(stream=None, width=5)

    lines.write("stdout", "蛋白质a\n\nabcdef\n")

    assert [row.text for row in lines.rows] == ["蛋白", "质a", "", "abcde", "f"]


def test_rows_of_lines_that_are_not_kept_go_with_them() -> None:
    lines = LogLines()
    lines.arrange(stream=None, width=2)

    lines.write("stdout", "abc\n" * (MOST_LINES + 1))

    assert (lines.dropped, len(lines.rows), lines.rows[0].line.number) == (1, 2 * MOST_LINES, 2)


def test_the_streams_can_be_shown_one_by_one() -> None:
    source = a_source("said\n")
    source.logs[1].append(LogText(stream="stderr", offset=0, text="warned\n"))

    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("said", "warned")
        await stage.press("o")
        await stage.sees("stdout only")
        assert "warned" not in stage.frame
        await stage.press("o")
        await stage.sees("stderr only", "warned")
        assert "said" not in stage.frame
        await stage.press("o")
        await stage.sees("said", "warned")

    play(story, source)


def test_what_is_shown_is_saved_to_a_new_file_only(tmp_path: Path) -> None:
    there = tmp_path / "there.log"
    there.write_text("mine")

    async def names(stage: Stage, path: Path) -> None:
        field = stage.app.screen.query_one(Input)
        field.value = str(path)
        await stage.press("enter")

    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("two")
        await stage.press("S")
        await stage.sees("Save the log as", "1.log")
        await names(stage, there)
        await stage.sees("is there already")
        await names(stage, tmp_path / "new.log")
        await stage.is_told("wrote")

    play(story, a_source("one\ntwo\n"))

    assert there.read_text() == "mine"
    assert (tmp_path / "new.log").read_text() == "one\ntwo\n"


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(JoborchError, match="was not written: No such file"):
        keep("text", tmp_path / "nowhere" / "x.log")


def test_the_lines_on_the_screen_are_copied() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("l")
        await stage.sees("two")
        await stage.press("y")
        await stage.is_told("sent to the terminal's clipboard: the 2 lines on the screen")
        assert stage.app.clipboard == "one\ntwo"

    play(story, a_source("one\ntwo\n"))


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
