"""Checks of what a person looks at: the terminal, and the words that it completes."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from joborch.cli.doctor.findings import Finding, failed, ok, skipped

LEAST = (60, 15)
"""Columns and lines below which the dashboard shows only that there is too little room."""
BRAILLE = "⣿"
WITHOUT_MOUSE = ("dumb", "linux", "vt100", "vt220")
WITH_MOUSE = frozenset({"xterm", "screen", "tmux", "rxvt", "alacritty", "foot", "st"})
"""Names in ``TERM``, up to a hyphen, of terminals that report clicks as xterm does."""
WITH_CLIPBOARD = frozenset(
    {
        *("xterm-kitty", "xterm-ghostty", "alacritty", "foot"),
        *("ghostty", "kitty", "WezTerm", "WarpTerminal", "rio"),
    }
)
"""Names in ``TERM`` or ``TERM_PROGRAM`` of terminals that take OSC 52 as they come."""
WITHOUT_CLIPBOARD = {"Apple_Terminal": "Fn held down"}
"""Those that ignore it, and what to hold down while the mouse selects."""
SHELL_FILES = {
    "bash": (".bashrc", ".bash_profile", ".profile"),
    "zsh": (".zshrc", ".zprofile"),
    "fish": (".config/fish/config.fish", ".config/fish/completions/joborch.fish"),
}
INSTALLED = "joborch completion"


def check_terminal(env: Mapping[str, str]) -> Iterator[Finding]:
    """Look at what a terminal can do, and whether TAB completes joborch's words."""
    if not sys.stdout.isatty():
        yield skipped("terminal", "the output goes to none")
    else:
        yield _size()
        yield _characters()
        yield _braille()
        yield _colours(env)
        yield _mouse(env)
        yield _clipboard(env)
    yield _completion(env)


def _size() -> Finding:
    columns, lines = shutil.get_terminal_size()
    if columns < LEAST[0] or lines < LEAST[1]:
        remedy = f"make it {LEAST[0]}x{LEAST[1]} or larger for `joborch top`"
        return failed("terminal", f"{columns}x{lines}", remedy)
    return ok("terminal", f"{columns}x{lines}")


def _characters() -> Finding:
    encoding = sys.stdout.encoding or "ascii"
    if encoding.lower().replace("-", "") == "utf8":
        return ok("unicode", encoding)
    return failed("unicode", encoding, "export LC_ALL=C.UTF-8, or use `joborch top --ascii`")


def _braille() -> Finding:
    try:
        BRAILLE.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return skipped("braille", f"{sys.stdout.encoding} has none; plots are drawn in ASCII")
    return ok("braille", f"{BRAILLE} can be sent; whether the font has it, only you can see")


def _mouse(env: Mapping[str, str]) -> Finding:
    term = env.get("TERM", "dumb")
    if term in WITHOUT_MOUSE:
        return skipped("mouse", f"a terminal called {term} has none")
    if _is_a_kind_with_mouse(env):
        return ok("mouse", _called(env))
    return skipped("mouse", f"unknown of {_called(env)}; clicking in `joborch top` tells")


def _clipboard(env: Mapping[str, str]) -> Finding:
    """Say whether copying works, by the sequence OSC 52; no terminal can be asked for that."""
    program = env.get("TERM_PROGRAM", "")
    if env.get("TMUX"):
        remedy = "tmux passes it on with `set -g set-clipboard on`"
        return skipped("clipboard", "unknown inside of tmux", remedy)
    if env.get("STY"):
        return skipped("clipboard", "screen does not pass copying on (OSC 52)")
    if program in WITHOUT_CLIPBOARD:
        remedy = f"what is to be copied is shown; select it, with {WITHOUT_CLIPBOARD[program]}"
        return skipped("clipboard", f"{program} does not copy by OSC 52", remedy)
    if program in WITH_CLIPBOARD or env.get("TERM", "") in WITH_CLIPBOARD:
        return ok("clipboard", f"{_called(env)} copies by OSC 52, unless it is told not to")
    return skipped("clipboard", f"unknown of {_called(env)}; pressing y in `joborch top` tells")


def _is_a_kind_with_mouse(env: Mapping[str, str]) -> bool:
    kind = env.get("TERM", "").partition("-")[0]
    return kind in WITH_MOUSE or env.get("TERM", "") in WITH_CLIPBOARD


def _called(env: Mapping[str, str]) -> str:
    return env.get("TERM_PROGRAM") or env.get("TERM", "dumb")


def _colours(env: Mapping[str, str]) -> Finding:
    term = env.get("TERM", "dumb")
    if env.get("NO_COLOR"):
        return skipped("colour", "NO_COLOR is set")
    if term == "dumb":
        return skipped("colour", "TERM is dumb", "export TERM=xterm-256color if it can do more")
    if env.get("COLORTERM") in {"truecolor", "24bit"}:
        return ok("colour", f"{term}, 16 million")
    return ok("colour", f"{term}, {'256' if '256' in term else '16'}")


def _completion(env: Mapping[str, str]) -> Finding:
    shell = Path(env.get("SHELL", "")).name
    if shell not in SHELL_FILES:
        return skipped("completion", f"not looked for in {shell or 'an unknown shell'}")
    home = Path(env.get("HOME", "/"))
    for name in SHELL_FILES[shell]:
        if _mentions(home / name):
            return ok("completion", f"in ~/{name}")
    remedy = f"joborch completion --help says what goes into ~/{SHELL_FILES[shell][0]}"
    return skipped("completion", f"not installed for {shell}", remedy)


def _mentions(path: Path) -> bool:
    try:
        return INSTALLED in path.read_text(errors="replace")
    except OSError:
        return False
