"""``joborch top``: watch everything, live."""

import gc
import os
import shutil
import sys
from collections.abc import Collection, Mapping
from typing import Annotated, Any

import typer

from joborch.cli.chosen import own_file
from joborch.cli.exits import UsageError
from joborch.cli.run import (
    run_top,
    run_top_behind_page,
    run_top_in_browser,
    run_top_once,
    run_top_plain,
)
from joborch.cli.session import Session
from joborch.client.known import Known
from joborch.client.top_settings import GRAPHS, LEAST_HZ, MOST_HZ, TopSettings, top_settings

EXAMPLES = """
joborch top
joborch top --user me --filter state:active
joborch top --read-only --theme joborch-cb
joborch top --screen agents
joborch top --hz 1                     once a second, for a slow line
joborch top --once                     one frame of text, for a log or a mail
joborch top --plain                    sentences instead of a picture, for screen readers
joborch top --web                      prints a link for a browser
"""
TOKENS = ("JOBORCH_TOKEN", "JOBORCH_TOKEN_FILE")
FRAME = (120, 40)
"""Columns and lines of a frame that goes to no terminal, unless ``COLUMNS`` and ``LINES`` say."""

SCREENS = ("jobs", "users", "agents", "services", "throughput", "events")
FRAMES_FAR = "15"
"""A second, at most, while keys are held down."""


def top(
    context: typer.Context,
    *,
    user: Annotated[
        str | None, typer.Option("-u", "--user", metavar="ID", help="Whose jobs: me, an id, all.")
    ] = None,
    service: Annotated[
        str | None, typer.Option("-s", "--service", metavar="NAME", help="Of these, with commas.")
    ] = None,
    filter_text: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="As typed after / in it.")
    ] = "",
    read_only: Annotated[
        bool, typer.Option("--read-only", "--readonly", help="Nothing can be changed.")
    ] = False,
    theme: Annotated[
        str | None,
        typer.Option(
            "--theme",
            metavar="NAME",
            envvar="JOBORCH_THEME",
            help="E.g. nord, ansi-dark, joborch-cb.",
        ),
    ] = None,
    graph: Annotated[
        str | None,
        typer.Option("--graph", metavar="SIGNS", help=f"Of curves: {', '.join(GRAPHS)}."),
    ] = None,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw in seven bits.")] = False,
    mouse: Annotated[
        bool | None,
        typer.Option("--mouse/--no-mouse", help="Take clicks, or leave them to the terminal."),
    ] = None,
    hz: Annotated[
        float | None,
        typer.Option(
            "--hz",
            metavar="N",
            envvar="JOBORCH_HZ",
            min=LEAST_HZ,
            max=MOST_HZ,
            help="Changes at most so often a second: 4, or 2 over SSH.",
        ),
    ] = None,
    screen: Annotated[
        str | None,
        typer.Option("--screen", metavar="NAME", help=f"To begin with: {', '.join(SCREENS)}."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print one frame of text.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Say what changes, a line each; a menu to act.")
    ] = False,
    web: Annotated[bool, typer.Option("--web", help="Show it in a browser.")] = False,
    web_host: Annotated[
        str, typer.Option("--web-host", metavar="ADDRESS", help="Where to listen.")
    ] = "127.0.0.1",
    web_port: Annotated[
        int, typer.Option("--web-port", metavar="PORT", min=0, max=65535, help="0: any free one.")
    ] = 0,
    web_write: Annotated[
        bool, typer.Option("--web-write", help="Let the browser change something.")
    ] = False,
    in_browser: Annotated[int, typer.Option("--in-browser", metavar="PID", hidden=True)] = 0,
) -> None:
    """Watch jobs, quotas, agents and services, live, and act on jobs.

    The table `[top]` of the configuration file has a theme, hz, mouse, columns and keys for good.
    """
    if once + plain + web > 1:
        raise UsageError("--once, --plain and --web are three ways to see it; choose one")
    _demand_one_of("--screen", screen, SCREENS)
    _demand_one_of("--graph", graph, GRAPHS)
    if screen and (once or plain):
        raise UsageError("--once and --plain show the jobs and have no other --screen")
    session = Session.of(context)
    settings = session.settings
    chosen = top_settings(settings.known)
    read_only |= settings.is_read_only and not session.options.write
    site: dict[str, Any] = {"server": session.connect(), "user_id": settings.user_id}
    site |= {"filter_text": _wanted(user, service, filter_text)}
    drawn: dict[str, Any] = site | {
        "theme": _theme(theme, chosen),
        "confirm": chosen.confirm,
        "columns": chosen.columns,
        "graph": graph or chosen.graph,
        "config_file": own_file(session.options),
        "keys": chosen.keys,
        "is_read_only": read_only,
        "is_ascii": ascii_only,
        "is_colored": session.options.color != "never" and not os.environ.get("NO_COLOR"),
        "has_mouse": chosen.has_mouse if mouse is None else mouse,
        "hz": chosen.hz if hz is None else hz,
        "screen": screen,
    }
    if web or plain:
        gc.enable()  # they live long; a dashboard does it once it is drawn
    if web:
        code = _serve(session, drawn, host=web_host, port=web_port, may_write=web_write)
    elif in_browser:
        code = run_top_behind_page(**drawn, parent=in_browser)
    elif plain:
        code = run_top_plain(**site, is_read_only=read_only)
    elif once or not (sys.stdin.isatty() and sys.stdout.isatty()):
        size = tuple(shutil.get_terminal_size(FRAME))
        shown = run_top_once(**site, is_ascii=ascii_only, size=size, columns=chosen.columns)
        session.output.line(shown)
        code = 0
    else:
        named = _named(session)
        code = run_top(**drawn, is_far=_is_far(), profile=settings.profile, named=named)
    raise typer.Exit(code)


def _demand_one_of(option: str, given: str | None, known: Collection[str]) -> None:
    if given is not None and given not in known:
        raise UsageError(f"{option} {given!r} is none of {', '.join(known)}")


def _serve(session: Session, drawn: Mapping[str, Any], **where: Any) -> int:
    """Serve it to browsers, drawn as on a terminal."""
    names = {"--filter": "filter_text", "--hz": "hz", "--screen": "screen", "--graph": "graph"}
    passed_on = {option: drawn[name] for option, name in names.items()}
    passed_on["--theme"] = drawn["theme"] and drawn["theme"].text
    flags = {"--ascii": drawn["is_ascii"], "--read-only": drawn["is_read_only"]}
    return run_top_in_browser(
        env=os.environ,
        tell=session.output.line,
        warn=session.output.note,
        settings=_named(session),
        options=[
            *(f"{option}={value}" for option, value in passed_on.items() if value),
            *(flag for flag, is_set in flags.items() if is_set),
        ],
        **where,
    )


def _theme(named: str | None, chosen: TopSettings) -> Known | None:
    """Return the theme that was named, be it to every program that is drawn like this one."""
    if named:
        return Known(text=named, origin="--theme")
    by_all = os.environ.get("TEXTUAL_THEME")
    return chosen.theme or (Known(text=by_all, origin="TEXTUAL_THEME") if by_all else None)


def _is_far() -> bool:
    """Return whether the terminal is at the other end of a connection; then draw fewer frames."""
    is_far = "SSH_CONNECTION" in os.environ
    if is_far:
        os.environ.setdefault("TEXTUAL_FPS", FRAMES_FAR)
    return is_far


def _wanted(user: str | None, service: str | None, filter_text: str) -> str:
    """Return the filter, with what the options say in front of it."""
    whose = f"user:{user}" if user and user != "all" else ""
    of_which = f"service:{service}" if service else ""
    return " ".join(filter(None, (whose, of_which, filter_text)))


def _named(session: Session) -> dict[str, str]:
    """Return what was found out about the server and the user, for another process."""
    settings, given = session.settings, session.options
    named = {
        "JOBORCH_SERVER": settings.server,
        "JOBORCH_USER_ID": settings.user_id,
        "JOBORCH_TIMEOUT": f"{settings.timeout.total_seconds():g}s",
        "JOBORCH_PROFILE": given.profile or os.environ.get("JOBORCH_PROFILE"),
        "JOBORCH_CONFIG": given.config or os.environ.get("JOBORCH_CONFIG"),
        **{name: os.environ.get(name) for name in TOKENS},
    }
    return {name: value for name, value in named.items() if value}
