"""The columns that a table has no room for."""

from textual.geometry import Size

from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play
from tests.tui.test_jobs_screen import in_ascii

NARROW = (60, 20)


def head(stage: Stage) -> str:
    (line,) = [line for line in stage.frame.splitlines() if " ID " in line]
    return line


def test_at_first_the_most_needed_are_shown_and_a_sign_that_there_are_more() -> None:
    async def story(stage: Stage) -> None:
        await stage.sees("18 of 18")
        assert head(stage).split() == ["ID", "ST▴", "NAME", "AGE", "RUN", "AGENT", "/", "WHY", "▸"]

    play(story, a_busy_source(), size=NARROW)


def test_to_the_right_the_others_come_beside_the_ids() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("right")
        assert head(stage).split() == [
            "◂",
            "ID",
            "NAME",
            "SERVICE",
            "USER",
            "PRI",
            "AGE",
            "RUN",
            "▸",
        ]
        assert "1207 dock-2oob" in stage.frame
        await stage.press(*["right"] * 5)
        assert head(stage).split() == ["◂", "ID", "USER", "PRI", "AGE", "RUN", "AGENT", "/", "WHY"]
        assert "1207 ann 50 14m 0:41 compute-1" in " ".join(stage.frame.split())
        await stage.press(*["left"] * 5)
        assert head(stage).split()[0] == "ID"

    play(story, a_busy_source(), size=NARROW)


def test_where_all_fit_there_is_no_sign_and_nothing_moves() -> None:
    async def story(stage: Stage) -> None:
        before = stage.frame
        await stage.press("right", "left", "left")
        assert stage.frame == before
        assert "▸" not in head(stage)
        assert "◂" not in head(stage)

    play(story, a_busy_source(), size=(120, 40))


def test_a_click_on_a_title_sorts_by_the_column_that_is_there() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("right", "right", "right")
        await stage.pilot.click(stage.table, offset=(head(stage).index("USER"), 0))
        await stage.sees("by user")

    play(story, a_busy_source(), size=NARROW)


def test_a_wider_terminal_has_them_all_again() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("right", "right", "right")
        await stage.pilot.resize_terminal(120, 40)
        await stage.sees("SERVICE")
        assert stage.app.size == Size(120, 40)
        assert head(stage).split()[:2] == ["ID", "ST▴"]

    play(story, a_busy_source(), size=NARROW)


def test_in_seven_bits_the_signs_are_others() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("right")
        assert head(stage)[0] == "<"
        assert head(stage)[-1] == ">"

    play(story, a_busy_source(), size=NARROW, **in_ascii())


def test_other_tables_have_a_side_too() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("3")
        await stage.sees("AGENT", "▸")
        await stage.press("right")
        await stage.sees("◂ AGENT")

    play(story, a_busy_source(), size=NARROW)
