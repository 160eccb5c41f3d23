"""Checks of what a person looks at: the terminal, and the words that it completes."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from joborch.cli.doctor.findings import Finding, failed, ok, skipped

LEAST = (60, 15)
"""Columns and lines below which the dashboard shows only that there is too little room."""
SHELL_FILES = {
    "bash": (".bashrc", ".bash_profile", ".profile"),
    "zsh": (".zshrc", ".zprofile"),
    "fish": (".config/fish/config.fish", ".config/fish/completions/joborch.fish"),
}
INSTALLED = "joborch completion"


def check_terminal(env: Mapping[str, str]) -> Iterator[Finding]:
    """Look at size, characters and colours, and whether TAB completes joborch's words."""
    if not sys.stdout.isatty():
        yield skipped("terminal", "the output goes to none")
    else:
        yield _size()
        yield _characters()
        yield _colours(env)
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
