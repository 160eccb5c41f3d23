"""A server, or a proxy before it, that demands to know who asks."""

from tests.tui.a_site import a_busy_source
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import Stage, play


def guarded() -> ScriptedSource:
    source = a_busy_source()
    source.demanded = "s3cret"
    return source


def test_who_is_refused_is_told_what_to_do_and_may_show_a_token() -> None:
    source = guarded()

    async def story(stage: Stage) -> None:
        await stage.sees("answered 401 Unauthorized", "joborch login --server http://orch:5000")
        await stage.press(*"s3cret", "enter")
        await stage.sees("live", "18 of 18")

    play(story, source, first="Login", size=(120, 40))


def test_the_token_is_not_to_be_seen() -> None:
    async def story(stage: Stage) -> None:
        await stage.press(*"s3cret")
        assert "s3cret" not in stage.frame

    play(story, guarded(), first="Login", size=(120, 40))


def test_nothing_is_asked_again_before_a_person_says_so() -> None:
    source = guarded()

    async def story(stage: Stage) -> None:
        await stage.press("escape")
        await stage.sees("OFFLINE", "401")
        asked = source.refusals
        await stage.settles()  # many times as long as it would wait otherwise
        assert source.refusals == asked
        await stage.press("r")
        await stage.sees("Login")
        assert source.refusals > asked

    play(story, source, first="Login", size=(120, 40))


def test_a_wrong_token_is_asked_for_again() -> None:
    async def story(stage: Stage) -> None:
        await stage.press(*"wrong", "enter")
        await stage.sees_no("•••••")
        await stage.sees("Login", "401")

    play(story, guarded(), first="Login", size=(120, 40))
