"""``#JOBORCH`` lines: options of a job that its own script carries.

They stand at the head of the script, before its first command, and are written as on the command
line. Only what is about the job may stand there, nothing about this one invocation.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from typer._click.exceptions import ClickException

from joborch.cli import submit_options as opts
from joborch.cli.env_files import env_texts
from joborch.cli.exits import UsageError
from joborch.cli.wishes import Wishes

HEAD_BYTES = 64 * 1024
"""So much of a script is looked at."""
HINT = "hint: "
"""What a note begins with that is no more than a suggestion."""
_DIRECTIVE = re.compile(r"#JOBORCH(?:\s+(.*)|$)")
_SBATCH = re.compile(r"#SBATCH(?:\s+(.*)|$)")
_LISTS = ("tag", "env", "env_file", "inputs", "after", "after_any")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directives:
    """What a script says about its job."""

    wishes: Wishes
    notes: tuple[str, ...] = ()
    """What the submitter should hear."""


def declaration(
    *,
    service: opts.Service = None,
    user: opts.User = None,
    name: opts.Name = None,
    priority: opts.Priority = None,
    tag: opts.Tags = None,
    env: opts.Env = None,
    env_file: opts.EnvFile = None,
    inputs: opts.Inputs = None,
    array: opts.Array = None,
    time_limit: opts.TimeLimit = None,
    max_attempts: opts.MaxAttempts = None,
    hold: opts.Hold = False,
    begin: opts.Begin = None,
    after: opts.Afters = None,
    after_any: opts.AfterAny = None,
) -> None:
    """Declare what may stand in a script; never called."""


def read_directives(script: Path | bytes, name: str, *, reads_sbatch: bool = False) -> Directives:
    """Read the ``#JOBORCH`` lines of a script that messages call ``name``.

    With ``reads_sbatch`` its ``#SBATCH`` lines say what those leave open.

    Raises:
        UsageError: naming every line that is wrong.
    """
    lines = _head_lines(script)
    said: dict[str, Any] = {each: [] for each in _LISTS}
    mistakes: list[str] = []
    count = 0
    for number, text in _directives(lines):
        try:
            given = _parsed(text)
        except (ClickException, ValueError) as error:
            reason = error.format_message() if isinstance(error, ClickException) else str(error)
            mistakes.append(f"{name} line {number}: {reason.rstrip('.')}")
            continue
        count += sum(len(value) if key in _LISTS else 1 for key, value in given.items())
        for key, value in given.items():
            said[key] = [*said[key], *value] if key in _LISTS else value
    if mistakes:
        raise UsageError(*mistakes, hint="#JOBORCH takes what `submit` takes about a job itself")
    notes = tuple(_notes(lines, name, count))
    if not reads_sbatch:
        return Directives(wishes=_wishes(said), notes=(*notes, *_hints(lines, name)))
    return _with_slurms(Directives(wishes=_wishes(said), notes=notes), lines, name)


def _with_slurms(said: Directives, lines: list[str], name: str) -> Directives:
    from joborch.cli.slurm.wishes import wishes_in

    found = [*_directives(lines, _SBATCH)]
    wishes = wishes_in(found, name, datetime.now(UTC))
    note = f"read {len(found)} #SBATCH line{'s' * (len(found) != 1)} from {name}"
    return Directives(wishes=said.wishes.over(wishes), notes=(*said.notes, note))


def _head_lines(script: Path | bytes) -> list[str]:
    if isinstance(script, bytes):
        head = script[:HEAD_BYTES]
    else:
        with script.open("rb") as file:
            head = file.read(HEAD_BYTES)
    return [line.rstrip("\r") for line in head.decode(errors="replace").split("\n")]


def _length_of_head(lines: list[str]) -> int:
    """Count the lines before the first command."""
    commands = (at for at, line in enumerate(lines) if line.strip() and line.lstrip()[0] != "#")
    return next(commands, len(lines))


def _directives(
    lines: list[str], kind: "re.Pattern[str]" = _DIRECTIVE
) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines[: _length_of_head(lines)], 1):
        if match := kind.match(line):
            yield number, match[1] or ""


def _parsed(text: str) -> dict[str, Any]:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(add_help_option=False)(declaration)
    words = shlex.split(text)
    if not words:
        raise ValueError("says nothing")
    params = typer.main.get_command(app).make_context("#JOBORCH", words).params
    return {key: value for key, value in params.items() if _is_given(value)}


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != ()


def _wishes(said: dict[str, Any]) -> Wishes:
    return Wishes(
        service=said.get("service"),
        user=said.get("user"),
        name=said.get("name"),
        priority=said.get("priority"),
        tags=said["tag"],
        env=[*env_texts(said["env_file"]), *said["env"]],
        inputs=said["inputs"],
        time_limit=said.get("time_limit"),
        max_attempts=said.get("max_attempts"),
        array=said.get("array"),
        begin=said.get("begin"),
        after=said["after"],
        after_any=said["after_any"],
        is_held=bool(said.get("hold")),
    )


def _notes(lines: list[str], name: str, count: int) -> Iterator[str]:
    if count:
        yield f"read {count} option{'s' * (count != 1)} from {name}"
    length = _length_of_head(lines)
    for number, line in enumerate(lines[length:], length + 1):
        if _DIRECTIVE.match(line):
            yield f"warning: {name} line {number}: #JOBORCH after the first command is not read"


def _hints(lines: list[str], name: str) -> Iterator[str]:
    if any(_directives(lines, _SBATCH)):
        yield f"{HINT}{name} has #SBATCH lines, which are not read: --sbatch reads them"
