"""How the panels beside the jobs share their column."""

import pytest

from joborch.tui.division import LEAST_EVENTS, LEAST_PLOT, MOST_PLOT, Need, divided


def wants(lines: int) -> Need:
    return lambda most: min(lines, most)


def test_quotas_and_agents_have_what_they_need_and_no_more() -> None:
    assert divided(54, wants(5), wants(8)) == (7, 10, 16)


def test_quotas_have_at_most_half_and_agents_what_they_leave() -> None:
    quotas, agents, _ = divided(54, wants(100), wants(100))
    assert (quotas, agents) == (14, 15)
    assert divided(54, wants(3), wants(100))[:2] == (5, 24)


@pytest.mark.parametrize("height", [44, 54, 70, 100, 195])
def test_there_is_always_room_for_a_plot_and_for_events(height: int) -> None:
    quotas, agents, plot = divided(height, wants(1000), wants(1000))
    assert LEAST_PLOT <= plot <= MOST_PLOT
    assert height - quotas - agents - plot >= LEAST_EVENTS
    assert min(quotas, agents) > LEAST_EVENTS
