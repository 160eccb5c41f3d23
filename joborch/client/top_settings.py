"""The table ``[top]``: how a person wants the dashboard to be.

Which themes, columns and commands there are only the dashboard knows, and checks it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from joborch.client.config_file import TOP_KEYS, ConfigFile, Texts
from joborch.client.known import Known
from joborch.domain.errors import SettingsError

LEAST_HZ, MOST_HZ = 0.1, 30.0
YES_NO = {"true": True, "false": False}
CONFIRM = ("always", "multi", "never")
USUAL = "multi"
GRAPHS = ("braille", "block", "ascii")
VARIABLES = {"theme": "JOBORCH_THEME", "hz": "JOBORCH_HZ"}
TABLE, KEYS_TABLE = "top.", "top.keys."
"""How names of settings begin that are about the dashboard, and about its keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopSettings:
    """What was chosen for the dashboard; None where nothing was."""

    theme: Known | None = None
    hz: float | None = None
    """How often a second the screen may change."""
    has_mouse: bool = True
    confirm: str = USUAL
    """How much is asked about: one of ``CONFIRM``."""
    columns: Known | None = None
    """Of the list of jobs, in their order, with commas."""
    graph: str = GRAPHS[0]
    """What curves are drawn with: one of ``GRAPHS``."""
    keys: Mapping[str, Known] = field(default_factory=dict)
    """The keys of commands, by the command's id."""


def sources_of_top(files: list[ConfigFile], env: Mapping[str, str]) -> Iterator[tuple[str, Texts]]:
    """Yield where something is said about the dashboard, and what, the first before the next."""
    for key, name in VARIABLES.items():
        if env.get(name):
            yield name, {f"{TABLE}{key}": env[name]}
    for file in files:
        yield f"[top] in {file.path}", {f"{TABLE}{key}": text for key, text in file.top.items()}
        chosen = {f"{KEYS_TABLE}{command}": text for command, text in file.keys.items()}
        yield f"[top.keys] in {file.path}", chosen


def top_settings(known: Mapping[str, Known]) -> TopSettings:
    """Read what is known about the dashboard.

    Raises:
        SettingsError: naming every mistake, and where it stands.
    """
    told = {key: known[f"{TABLE}{key}"] for key in TOP_KEYS if f"{TABLE}{key}" in known}
    mistakes = [
        f"{one.origin}: {mistake}"
        for key, one in told.items()
        if (mistake := mistake_in_top(key, one.text))
    ]
    if mistakes:
        raise SettingsError(*mistakes, hint="mend it with `joborch config edit`")
    return TopSettings(
        theme=told.get("theme"),
        hz=float(told["hz"].text) if "hz" in told else None,
        has_mouse=YES_NO[told["mouse"].text] if "mouse" in told else True,
        confirm=told["confirm"].text if "confirm" in told else USUAL,
        columns=told.get("columns"),
        graph=told["graph"].text if "graph" in told else GRAPHS[0],
        keys={
            name.removeprefix(KEYS_TABLE): one
            for name, one in known.items()
            if name.startswith(KEYS_TABLE)
        },
    )


def mistake_in_top(key: str, text: str) -> str | None:
    """Say what is wrong with the text of a key of ``[top]``; None if nothing is."""
    if key == "hz" and not _is_pace(text):
        return f"hz {text!r} is no number from {LEAST_HZ:g} to {MOST_HZ:g}"
    if key == "mouse" and text not in YES_NO:
        return f"mouse {text!r} is neither true nor false"
    if key == "confirm" and text not in CONFIRM:
        return f"confirm {text!r} is none of {', '.join(CONFIRM)}"
    if key == "graph" and text not in GRAPHS:
        return f"graph {text!r} is none of {', '.join(GRAPHS)}"
    if not text.strip(" ,"):
        return f"{key} says nothing"
    return None


def _is_pace(text: str) -> bool:
    try:
        return LEAST_HZ <= float(text) <= MOST_HZ
    except ValueError:
        return False
