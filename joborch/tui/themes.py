"""Colours: each state has a variable, which a theme may set; no widget names a colour itself."""

from textual.theme import Theme

STATES = {
    "state-queued": "foreground",
    "state-held": "warning",
    "state-assigned": "accent",
    "state-running": "primary",
    "state-completed": "success",
    "state-failed": "error",
    "state-timed-out": "error",
    "state-cancelled": "warning",
    "state-invalid": "warning",
    "state-lost": "error",
    "state-up": "success",
    "state-late": "warning",
    "state-draining": "accent",
    "state-down": "error",
    "state-full": "warning",
}
"""Which of a theme's colours each is, where the theme does not say otherwise."""


COLOUR_BLIND = Theme(
    name="joborch-cb",
    primary="#56b4e9",
    secondary="#0072b2",
    warning="#f0e442",
    error="#e69f00",
    success="#ffffff",
    accent="#9ad0f5",
    foreground="#f2f2f2",
    background="#101010",
    surface="#181818",
    panel="#262626",
)
"""Blue, orange and white, which are told apart with any kind of colour vision."""

CONTRAST = Theme(
    name="joborch-contrast",
    primary="#00e5ff",
    secondary="#ffffff",
    warning="#ffff00",
    error="#ff9090",
    success="#00ff7f",
    accent="#ffb0ff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
)
"""Every colour stands out from black at least as seven to one."""

OWN = (COLOUR_BLIND, CONTRAST)
"""The themes that come with joborch."""

PLAIN = "ansi-dark"
"""The terminal's own colours."""
WITHOUT_COLOUR = PLAIN
"""Of them none are used then."""


def state_colours(theme: Theme) -> dict[str, str]:
    """Return the states' colours in a theme."""
    colours = theme.to_color_system().generate()
    return {name: colours[colour] for name, colour in STATES.items()}
