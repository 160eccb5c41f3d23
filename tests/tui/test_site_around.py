"""The lines around the list: counts to click on, one's own quota, panels with whose turn it is."""

from datetime import timedelta

import pytest

from joborch.tui.heading import header, own_quota, tally
from joborch.tui.look import Look
from joborch.tui.past import Moment
from joborch.tui.picture import Link, LinkState, Pause, Picture
from joborch.tui.site_lines import agent_panel, quota_panel
from joborch.tui.widgets.lines import Part
from joborch.wire.services import PauseView
from joborch.wire.waiting import Turn
from tests.support.views import NOON
from tests.tui.a_past import all_windows
from tests.tui.a_site import a_busy_source, an_agent
from tests.tui.stage import Stage, a_look, play


def a_picture() -> Picture:
    source = a_busy_source()
    return Picture(
        agents=source.agent_views,
        services=source.service_views,
        usage=source.usage_views,
        turns=source.turns,
        link=Link(state=LinkState.LIVE),
        as_of=NOON,
        answer_s=0.0124,
    )


def said(parts: list[Part]) -> str:
    return "".join(part if isinstance(part, str) else part[0] for part in parts)


def test_a_click_on_a_count_lists_those_jobs_and_another_one_all() -> None:
    async def story(stage: Stage) -> None:
        await stage.pilot.click("#tally", offset=(2, 0))
        await stage.sees("6 of 18", "state:queued")
        await stage.pilot.click("#tally", offset=(2, 0))
        await stage.sees("18 of 18")

    play(story, a_busy_source())


@pytest.mark.parametrize(
    ("letter", "shown"), [("r", "5 of 18"), ("f", "1 of 18"), ("K", "1 of 18")]
)
def test_g_and_a_states_letter_lists_those_jobs(letter: str, shown: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.press("g", letter)
        await stage.sees(shown)

    play(story, a_busy_source())


def test_a_letter_without_g_means_what_it_always_means() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("g", "j", "f")
        await stage.sees("all ·", "18 of 18")

    play(story, a_busy_source())


def test_the_header_says_how_fast_the_server_answers_and_whose_settings_name_it() -> None:
    look = a_look(profile="prod")
    assert said(header(a_picture(), look, "http://orch:5000", 80)).startswith(
        " joborch top  prod  orch:5000  ● live 12 ms  as ann "
    )


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (80, "│ ETA 42m │ agents"),
        (100, "│ 3.8/min ▆▇██████  ETA 42m │ agents"),
        (108, "│ 3.8/min ▆▇██████  ETA 42m │ p50 wait 11m │ agents"),
        (120, "│ 3.8/min ▆▇██████  ETA 42m │ p50 wait 11m  p95 38m │ agents"),
        (200, "!I invalid 1 │ 3.8/min ▆▇██████  ETA 42m │ p50 wait 11m  p95 38m │ agents"),
        (240, "ETA 42m (38m to 49m) │ p50 wait 11m  p95 38m │ agents"),
    ],
)
def test_how_long_jobs_waited_is_told_where_there_is_room_whole(width: int, told: str) -> None:
    async def story(stage: Stage) -> None:
        line = stage.frame.splitlines()[1]
        assert told in line
        assert line.endswith("agents 2/4")

    play(story, a_busy_source(), size=(width, 40))


def test_how_long_jobs_waited_is_not_told_of_the_past_nor_while_nobody_knows() -> None:
    picture = a_picture()
    assert "p50" not in said(tally(picture, a_look(), 200))
    picture.statistics = all_windows()[timedelta(minutes=15)]
    assert "p50 wait 11m  p95 38m" in said(tally(picture, a_look(), 200))
    picture.pause = Pause(since=NOON, moment=Moment(seq=1, at=NOON))
    assert "p50" not in said(tally(picture, a_look(), 200))
    picture.pause, picture.link = None, Link(state=LinkState.OFFLINE)
    assert "p50" not in said(tally(picture, a_look(), 200))


@pytest.mark.parametrize(
    ("disk", "width", "told"),
    [
        ("low", 80, "!I 1 │ disk low │ agents 2/4"),
        ("full", 120, "!I 1 │ disk full │ 3.8/min"),
        ("low", 200, "invalid 1 │ disk low: no submissions │ 3.8/min"),
        ("full", 240, "invalid 1 │ disk full: no submissions, no results │ 3.8/min"),
    ],
)
def test_that_the_server_has_no_room_is_told_whatever_else_is_not(
    disk: str, width: int, told: str
) -> None:
    source = a_busy_source()
    source.disk = disk

    async def story(stage: Stage) -> None:
        await stage.sees(told)
        source.go_away()
        await stage.sees("OFFLINE")
        assert "disk" not in stage.frame

    play(story, source, size=(width, 40))


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("ann", " ann/example ██████████ 5/5 FULL +3 wait │ svc example ██████░░░░ 6/10 +4"),
        ("bob", " bob/example ██░░░░░░░░ 1/5 │ svc example ██████░░░░ 6/10 +4"),
        ("nobody", " ann/example ██████████ 5/5 FULL +3 wait │ svc example ██████░░░░ 6/10 +4"),
    ],
)
def test_ones_own_quota_is_told_or_else_the_fullest(user: str, expected: str) -> None:
    assert said(own_quota(a_picture(), a_look(user_id=user), 80)) == expected


def test_a_paused_service_is_called_so() -> None:
    picture = a_picture()
    picture.services[0].paused = PauseView(at=NOON, by="eve")
    assert said(own_quota(picture, a_look(), 80)).endswith(" PAUSED")
    assert any(said(line).endswith(" PAUSED") for line in quota_panel(picture, a_look(), 60, 20))


def next_up(look: Look, *turns: tuple[str, int, str]) -> list[str]:
    picture = a_picture()
    picture.turns = [
        Turn(service="example", user_id=user, job_id=job_id, reason=reason)
        for user, job_id, reason in turns
    ]
    return [said(line) for line in quota_panel(picture, look, 60, 20)][-2:]


def test_who_is_next_is_the_first_whom_not_only_his_own_quota_keeps() -> None:
    ann, bob, cem = ("ann", 1, "quota_user"), ("bob", 2, "agent_full"), ("cem", 3, "agent_full")
    assert next_up(a_look(), ann, bob, cem) == [
        "next up: 2 (bob) when an agent has room",
        "in turn: ann → bob → cem",
    ]


def test_if_quotas_keep_everybody_the_first_is_next_once_a_job_of_his_ends() -> None:
    assert next_up(a_look(), ("ann", 1, "quota_user"))[-1] == (
        "next up: 1 (ann) when one of ann's ends"
    )


def test_an_agent_that_is_older_than_others_is_called_old_and_slots_are_summed() -> None:
    picture, old = a_picture(), an_agent("old", active=1)
    old.version = "0.0.9"
    picture.agents = [*picture.agents, old]
    lines = [said(line) for line in agent_panel(picture, a_look(), 60, 30)]
    assert "  example:4 · 0.0.9 (old) · seen 2s ago" in lines
    assert "slots ███████░░░░░░░░░░░░░ 6/18 · 7 free" in lines


def test_of_more_agents_than_there_is_room_for_the_rest_is_counted() -> None:
    picture = a_picture()
    picture.agents = [an_agent(f"compute-{number}") for number in range(40)]
    lines = [said(line) for line in agent_panel(picture, a_look(), 60, 12)]
    assert len(lines) == 12
    assert lines[-2:] == ["and 30 more", "slots ░░░░░░░░░░░░░░░░░░░░ 0/160 · 160 free"]
