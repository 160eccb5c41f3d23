"""What is written can be read, in the themes that come with joborch."""

import pytest
from textual.color import Color
from textual.theme import Theme

from joborch.tui.themes import CONTRAST, OWN, STATES

READABLE, FAR_APART = 4.5, 7.0
"""How many times as bright one of two colours is, by WCAG, so that all, or most people read it."""
WRITTEN = {"foreground", *STATES.values()}


@pytest.mark.parametrize("colour", sorted(WRITTEN))
@pytest.mark.parametrize("theme", OWN, ids=lambda theme: theme.name)
def test_every_colour_stands_out_from_what_is_behind_it(theme: Theme, colour: str) -> None:
    assert least_contrast(theme, colour) >= READABLE


@pytest.mark.parametrize("colour", sorted(WRITTEN))
def test_with_contrast_every_colour_stands_out_even_more(colour: str) -> None:
    assert least_contrast(CONTRAST, colour) >= FAR_APART


def least_contrast(theme: Theme, name: str) -> float:
    colours = theme.to_color_system().generate()
    written = Color.parse(colours[name])
    return min(
        contrast(written, Color.parse(colours[b])) for b in ("background", "surface", "panel")
    )


def contrast(one: Color, other: Color) -> float:
    darker, lighter = sorted(luminance(each) for each in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Color) -> float:
    r, g, b = (linear(part) for part in colour.normalized)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def linear(part: float) -> float:
    """A part of a colour as light, by sRGB."""
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
