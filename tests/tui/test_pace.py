from joborch.tui import pace
from joborch.tui.pace import Pace


def test_what_costs_nothing_is_done_as_often_as_may_be() -> None:
    found = Pace()
    with found.measured():
        pass
    assert found.rest_s == pace.LEAST_S


def test_what_costs_much_is_done_less_often_but_nobody_waits_for_ever() -> None:
    found = Pace()
    with found.measured():
        sum(range(3_000_000))  # far over a fiftieth of a second
    assert pace.LEAST_S < found.rest_s <= pace.MOST_S
