from datetime import timedelta

import pytest
from msgspec.structs import replace

from joborch.domain.states import JobState
from joborch.tui.canvas import Canvas, Graph
from joborch.tui.formatting import ASCII, UNICODE, short, spark
from joborch.tui.happenings import deed, doer, tone
from joborch.tui.heading import paces
from joborch.tui.picture import Link, LinkState, Picture
from joborch.tui.plotting import throughput
from joborch.tui.trends import Trends
from joborch.tui.widgets.lines import Part
from joborch.wire.events import EventView
from joborch.wire.statistics import Estimate
from tests.support.views import NOON
from tests.tui.a_past import a_busy_window
from tests.tui.a_site import a_busy_source, an_agent
from tests.tui.stage import Stage, a_look, play

QUARTER = timedelta(minutes=15)


def drawn(canvas: Canvas, graph: Graph = Graph.BRAILLE) -> list[str]:
    return ["".join(_text(part) for part in line) for line in canvas.lines(graph)]


def _text(part: Part) -> str:
    return part if isinstance(part, str) else part[0]


def test_a_curve_goes_from_corner_to_corner() -> None:
    canvas = Canvas(4, 2)
    canvas.draw([0, 8], 8, "up")
    assert drawn(canvas) == ["  ⡠⠊", "⡠⠊  "]


def test_a_steep_curve_has_no_holes() -> None:
    canvas = Canvas(2, 3)
    canvas.draw([0, 0, 12, 12], 12, "up")
    assert all(any(sign != " " for sign in line) for line in drawn(canvas))


def test_what_is_more_than_the_most_stays_at_the_top() -> None:
    canvas = Canvas(3, 1)
    canvas.draw([99, 99], 10, "up")
    assert drawn(canvas) == ["⠉⠉⠉"]


def test_in_seven_bits_there_are_three_signs() -> None:
    canvas = Canvas(4, 2)
    canvas.draw([0, 8], 8, "up")
    assert drawn(canvas, Graph.ASCII) == ["  .'", ".'  "]


def test_blocks_are_halves_for_fonts_without_braille() -> None:
    canvas = Canvas(4, 2)
    canvas.draw([0, 8], 8, "up")
    assert drawn(canvas, Graph.BLOCK) == ["  ▄▀", "▄▀  "]
    canvas.draw([8, 0], 8, "down")
    assert drawn(canvas, Graph.BLOCK) == ["▀▄▄▀", "▄▀▀▄"]


def test_the_plot_is_drawn_with_what_was_chosen_and_in_seven_bits_with_nothing_else() -> None:
    async def story(stage: Stage) -> None:
        await stage.press("5")
        await stage.sees("▄", "▀", "in about 42m")
        assert not any("⠀" < sign <= "⣿" for sign in stage.frame)

    play(story, a_busy_source(), graph=Graph.BLOCK)

    async def plain(stage: Stage) -> None:
        await stage.press("5")
        await stage.sees("in about 42m")
        assert stage.frame.isascii()

    play(plain, a_busy_source(), graph=Graph.BLOCK, glyphs=ASCII)


def test_where_curves_meet_the_later_one_gives_the_colour() -> None:
    canvas = Canvas(2, 1)
    canvas.draw([4, 4], 4, "first")
    canvas.draw([4, 0], 4, "second")
    assert canvas.lines(Graph.BRAILLE) == [[("⠙⢍", "second")]]


def test_a_sparkline_begins_low_and_is_blank_where_nothing_is_known() -> None:
    assert spark([None, 0, 1, 4, 8], 8, UNICODE) == " ▁▂▅█"
    assert spark([0, 8, 99], 8, ASCII) == "_##"
    assert spark([0, 0], 0, UNICODE) == "▁▁"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (62, "1m 2s"),
        (120, "2m"),
        (660, "11m"),
        (3600, "1h"),
        (9000, "2h 30m"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert short(seconds) == text


def test_a_day_is_written_in_days() -> None:
    assert short(90_000) == "1d 1h"


def test_the_highest_load_of_ten_seconds_is_kept() -> None:
    trends = Trends()
    for cpu in (20, 90, 40):
        trends.note([an_agent("one", cpu=cpu)], NOON)
    trends.note([an_agent("one", cpu=10)], NOON + timedelta(seconds=20))
    later = NOON + timedelta(seconds=20)
    assert trends.of("a-one", 4, later) == [None, 0.9, None, 0.1]


def test_an_agent_that_is_away_has_no_load() -> None:
    trends = Trends()
    trends.note([an_agent("one", state="down", cpu=90)], NOON)
    assert trends.of("a-one", 2, NOON) == [None, None]


def test_without_a_load_the_slots_are_told() -> None:
    trends = Trends()
    trends.note([an_agent("one", active=3, slots=4)], NOON)
    assert trends.of("a-one", 1, NOON) == [0.75]


def happened(event: str, to_state: str = "queued", **but: object) -> EventView:
    facts: dict[str, object] = {
        "seq": 1,
        "job_id": 7,
        "attempt": 1,
        "event": event,
        "from_state": "queued",
        "to_state": to_state,
        "actor": "user:ann",
        "at": NOON,
    }
    return EventView(**facts | but)  # type: ignore[arg-type]  # of a test's own choice


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (happened("assign", detail={"agent": "c1"}), "given to c1"),
        (happened("assign", attempt=2, detail={"agent": "c1"}), "given to c1 (attempt 2)"),
        (happened("fail", detail={"exit_code": 3}), "failed, exit 3"),
        (happened("fail", detail={"signal": 9}), "failed, signal 9"),
        (happened("complete", detail={"exit_code": 0}), "completed"),
        (
            happened("requeue", detail={"note": "agent c1 is away"}),
            "back in the queue: agent c1 is away",
        ),
        (happened("retried", detail={"job": 12}), "submitted again as 12"),
        (
            happened(
                "changed",
                detail={
                    "priority": {"old": 50, "new": 80},
                    "time_limit_s": {"old": None, "new": 90.0},
                    "tags": {"old": {"a": "b"}, "new": {}},
                },
            ),
            "priority 50 → 80, time limit none → 1m30s, tags a=b → none",
        ),
        (happened("of_tomorrow"), "of tomorrow"),
        (happened("requeue", detail={"note": "\x1b[31mred"}), "back in the queue: red"),
        (happened("cancel", detail={"note": "cancelled by ann"}), "cancelled by ann"),
        (happened("cancel", detail={"note": "a typo"}), "cancelled: a typo"),
    ],
)
def test_what_happened_is_said_in_words(event: EventView, said: str) -> None:
    assert deed(event, UNICODE) == said


def test_who_did_it_is_a_user_an_agent_or_the_server() -> None:
    actors = ("user:ann", "agent:compute-1", "dispatch", "server", "api")
    said = [doer(happened("submit", actor=actor)) for actor in actors]
    assert said == ["ann", "compute-1", "server", "server", "api"]


def test_the_tone_is_that_of_the_state_unless_nothing_moved() -> None:
    assert tone(happened("fail", JobState.FAILED)) == "failed"
    assert tone(happened("held")) == "held"
    assert tone(happened("changed")) == ""


def test_a_dotted_curve_leaves_the_one_below_it_to_be_seen_where_they_meet() -> None:
    canvas = Canvas(4, 1)
    canvas.draw([0, 0], 4, "first")
    canvas.draw([0, 0], 4, "second", is_dotted=True)
    assert canvas.lines(Graph.ASCII) == [
        [(".", "second"), (".", "first"), (".", "second"), (".", "first")]
    ]


def test_what_failed_is_told_apart_without_colours() -> None:
    for glyphs, signs in ((UNICODE, ("── ended", "·· failed")), (ASCII, ("-- ended", ".. failed"))):
        lines = throughput(a_busy_window(QUARTER, 15), "15m", a_look(glyphs=glyphs), 80, 20)
        legend = "".join(
            part if isinstance(part, str) else part[0] for line in lines for part in line
        )
        assert all(sign in legend for sign in signs)


def told(**but: object) -> list[str]:
    found = replace(a_busy_window(QUARTER, 15), **but)
    picture = Picture(statistics=found, link=Link(state=LinkState.LIVE))
    return [*paces(picture, a_look())]


def test_the_pace_is_told_ever_shorter() -> None:
    texts = told(drain=Estimate(expected_s=2520, low_s=2280, high_s=2940))
    assert texts[0].endswith("ETA 42m (38m to 49m)")
    assert [len(text) for text in texts] == sorted(map(len, texts), reverse=True)
    assert texts[-1].endswith("/min")


def test_an_end_that_nobody_knows_is_not_told() -> None:
    assert told(drain=None)[1].endswith("/min  ETA unknown")
    assert told(drain=None, queued=0, active=0)[1].endswith("/min")


def test_a_server_that_is_away_has_no_pace() -> None:
    picture = Picture(statistics=a_busy_window(QUARTER, 15), link=Link(state=LinkState.OFFLINE))
    assert [*paces(picture, a_look())] == ["stale  ETA -"]
