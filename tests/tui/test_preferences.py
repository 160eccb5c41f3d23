"""What a person has chosen for good, and what becomes of it in the dashboard."""

import re
from pathlib import Path

import pytest

from joborch.client.known import Known
from joborch.domain.errors import SettingsError
from joborch.tui.commands import DEEDS, GIVES_WAY, GROUPS
from joborch.tui.keymap import COMMANDS, ROOMS, Keymap, keymap_of, mistake_in_keys
from joborch.tui.preferences import Preferences
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play

CANCEL = DEEDS[0]


PAGE = (Path(__file__).parents[2] / "docs" / "top.md").read_text()


def in_file(text: str) -> Known:
    return Known(text=text, origin="[top] in x.toml")


def with_keys(**keys: str) -> Preferences:
    known = {name.replace("_", "."): in_file(text) for name, text in keys.items()}
    return Preferences.read(keys=known)


def test_columns_are_shown_in_the_order_of_the_file_and_the_id_always() -> None:
    columns = Preferences.read(columns=in_file("run,user")).columns

    async def story(stage: Stage) -> None:
        await stage.sees("ID     RUN USER")
        assert "SERVICE" not in stage.frame

    assert columns == ("id", "run", "user")
    play(story, a_busy_source(), columns=columns)


def test_what_was_left_out_can_still_be_chosen_for_a_session() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("c")
        await stage.sees("Columns")
        await stage.press("end", "space", "escape")
        await stage.sees("RUN AGENT / WHY")

    play(story, a_busy_source(), columns=("id", "run"))


def test_auto_is_the_theme_of_whoever_has_chosen_none() -> None:
    assert Preferences.read(theme=in_file("auto")).theme is None


def test_every_mistake_is_told_with_where_it_stands() -> None:
    with pytest.raises(SettingsError) as caught:
        Preferences.read(
            theme=in_file("nrod"),
            columns=in_file("id,prio"),
            keys={"job.cancel": in_file("hyper+q")},
        )

    told = str(caught.value)
    assert "[top] in x.toml: there is no theme 'nrod'; is 'nord' meant?" in told
    assert "[top] in x.toml: columns has 'prio', which is none of id, state, name" in told
    assert "[top] in x.toml: job.cancel: 'hyper+q' is no key" in told


@pytest.mark.parametrize("keys", ["X", "?", "x,f9", "ctrl+x", "shift+f1", "question_mark", "ä"])
def test_a_key_may_be_called_by_its_character_or_its_name(keys: str) -> None:
    assert mistake_in_keys(keys) is None


@pytest.mark.parametrize("keys", ["", "x,", "hyper+x", "xx", "<any>"])
def test_what_is_no_key_is_no_key(keys: str) -> None:
    assert mistake_in_keys(keys)


def test_a_command_has_the_chosen_key_in_the_hints_and_the_help_and_no_other() -> None:
    keymap = with_keys(job_cancel="X").keymap

    async def story(stage: Stage) -> None:
        await stage.sees("X cancel")
        await stage.press("x")
        await stage.press("question_mark")
        await stage.sees("X         cancel marked, or this")
        await stage.press("escape")
        await stage.press("X")
        await stage.sees("Cancel 1 job?")

    play(story, a_busy_source(), size=(120, 60), keymap=keymap)


def test_a_sign_is_shown_as_it_is_on_the_key() -> None:
    keymap = keymap_of({"job.cancel": "#,ctrl+d,left"})

    assert keymap.keys(CANCEL) == ["number_sign", "ctrl+d", "left"]
    assert keymap.displayed(CANCEL) == "# ^d left"


def test_in_read_only_mode_the_chosen_key_says_so() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("X")
        await stage.is_told("read-only: cancel does nothing here")

    play(story, a_busy_source(), is_read_only=True, keymap=keymap_of({"job.cancel": "X"}))


def test_two_commands_on_one_key_are_told_at_the_start() -> None:
    warnings = with_keys(job_cancel="R").warnings

    async def story(stage: Stage) -> None:
        await stage.is_told("R is the key of job.cancel and job.retry in the list of jobs")

    assert warnings == ("R is the key of job.cancel and job.retry in the list of jobs",)
    play(story, a_busy_source(), warnings=warnings)


def test_two_commands_may_change_their_keys() -> None:
    preferences = with_keys(job_cancel="R", job_retry="x")

    async def story(stage: Stage) -> None:
        await stage.press("R")
        await stage.sees("Cancel 1 job?")

    assert preferences.warnings == ()
    play(story, a_busy_source(), keymap=preferences.keymap)


def test_every_sentence_names_the_chosen_key() -> None:
    chosen = {
        "confirm.yes": "J",
        "confirm.no": "n,f12",
        "prompt.close": "f9",
        "columns.close": "f8",
    }

    async def story(stage: Stage) -> None:
        await stage.press("x")
        await stage.sees("[ n  Leave it ]      J  Cancel 1 job")
        await stage.press("n", "p")
        await stage.sees("Enter sets it, F9 leaves it.")
        await stage.press("f9", "c")
        await stage.sees("f8 closes")

    play(story, a_busy_source(), size=(120, 40), keymap=keymap_of(chosen))


def test_the_two_keys_for_a_state_begin_with_the_chosen_one() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("g", "r")
        await stage.sees("1213")
        await stage.press("t", "r")
        await stage.sees("state:running")

    play(story, a_busy_source(), size=(120, 40), keymap=keymap_of({"table.top": "t"}))


def test_the_same_key_on_two_screens_is_no_matter() -> None:
    assert with_keys(agent_drain="x").warnings == ()


def test_a_command_that_there_is_not_is_told_with_the_nearest() -> None:
    assert with_keys(job_cancl="X").warnings == (
        "there is no command 'job.cancl'; is 'job.cancel' meant?",
    )


def test_as_it_comes_no_key_is_told() -> None:
    assert [*Keymap().clashes()] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_command_of_a_room_has_an_id_of_its_own(room: str) -> None:
    ids = [one.id for group in ROOMS[room] for one in group]

    assert len(ids) == len(set(ids))


def test_the_page_has_the_id_of_every_command_and_no_other() -> None:
    ids = PAGE.partition("| | ids |\n")[2].partition("\n\n")[0]

    assert sorted(re.findall(r"`([a-z_.]+)`", ids)) == sorted(COMMANDS)


def test_hints_of_the_same_action_give_way_alike() -> None:
    """The framework tells of a hint which action it has, and not of which command it is."""
    hinted = [one for group in GROUPS.values() for one in group if one.label]

    assert all(one.gives_way == GIVES_WAY.get(one.action, 0) for one in hinted)
