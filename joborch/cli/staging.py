"""From a command line to the files of a job. Nothing is sent here; every mistake is found first."""

import fnmatch
import glob
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from joborch.cli.exits import UsageError

SCRIPT = "run.sh"
IGNORE_FILE = ".joborchignore"
NEVER = (".git", IGNORE_FILE)
SHEBANG = b"#!/bin/sh\n"

Content = Path | bytes


@dataclass(slots=True)
class Staged:
    """The files of a job by their names in its directory, and what they suggest to call it."""

    files: dict[str, Content] = field(default_factory=dict)
    name: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        """What all of them weigh."""
        return sum(
            len(content) if isinstance(content, bytes) else content.stat().st_size
            for content in self.files.values()
        )

    def add(self, name: str, content: Content) -> None:
        """Add a file; a second one of the same name is a mistake."""
        if name in self.files:
            raise UsageError(f"two files would be called {name!r} in the job's directory")
        self.files[name] = content


def stage(
    arguments: Sequence[str],
    *,
    command: Sequence[str] | None,
    inputs: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Staged:
    """Gather the files of ``SCRIPT [FILE|DIR|GLOB]...``, ``DIR``, ``-`` or ``-- COMMAND``.

    Raises:
        UsageError: if a file is missing or is none, or there is no script.
    """
    staged = Staged()
    if command is not None:
        rest = _stage_command(staged, command, arguments)
    elif not arguments:
        raise UsageError("nothing to run was named", hint="joborch submit run.sh in.dat")
    elif len(arguments) == 1 and Path(arguments[0]).is_dir():
        rest = _stage_directory(staged, Path(arguments[0]), exclude)
    else:
        rest = _stage_script(staged, arguments[0], arguments[1:])
    for argument in rest:
        for path in _expanded(argument):
            _add_path(staged, path, exclude)
    for text in inputs:
        _add_input(staged, text)
    if SCRIPT not in staged.files:
        raise UsageError(f"there is no {SCRIPT} in {arguments[0]}")
    _complete_script(staged)
    return staged


def _stage_command(
    staged: Staged, command: Sequence[str], arguments: Sequence[str]
) -> Sequence[str]:
    if not command:
        raise UsageError("no command follows --")
    staged.add(SCRIPT, SHEBANG + f"exec {shlex.join(command)}\n".encode())
    staged.name = Path(command[0]).name
    return arguments


def _stage_directory(staged: Staged, directory: Path, exclude: Sequence[str]) -> Sequence[str]:
    for name, path in _tree(directory, exclude):
        staged.add(name, path)
    staged.name = directory.resolve().name
    return ()


def _stage_script(staged: Staged, script: str, rest: Sequence[str]) -> Sequence[str]:
    if script == "-":
        staged.add(SCRIPT, _standard_input("the script"))
        return rest
    path = Path(script)
    if not path.is_file():
        raise UsageError(f"{script} is not a file", hint="a command line goes behind --")
    staged.add(SCRIPT, path)
    staged.name = path.stem if path.name != SCRIPT else None
    return rest


def _expanded(argument: str) -> list[Path]:
    if Path(argument).exists() or not glob.has_magic(argument):
        return [Path(argument)]
    found = sorted(Path(match) for match in glob.glob(argument, recursive=True))  # noqa: PTH207
    if not found:
        raise UsageError(f"no file is {argument}")
    return found


def _add_path(staged: Staged, path: Path, exclude: Sequence[str]) -> None:
    if path.is_dir():
        top = path.resolve().name
        for name, below in _tree(path, exclude):
            staged.add(f"{top}/{name}", below)
        return
    if not path.is_file():
        raise UsageError(f"{path} is not there" if not path.exists() else f"{path} is not a file")
    if not _is_excluded(path.name, exclude):
        staged.add(path.name, path)


def _add_input(staged: Staged, text: str) -> None:
    source, _, name = text.partition(":")
    if source == "-":
        staged.add(name or "stdin", _standard_input(text))
        return
    if not Path(source).is_file():
        raise UsageError(f"--input {text}: {source} is not a file")
    staged.add(name or Path(source).name, Path(source))


def _tree(top: Path, exclude: Sequence[str]) -> Iterator[tuple[str, Path]]:
    ignore = top / IGNORE_FILE
    lines = ignore.read_text().splitlines() if ignore.is_file() else []
    patterns = [*exclude, *(line.strip() for line in lines if line.strip()[:1] not in {"", "#"})]
    for folder, folders, names in os.walk(top):
        inside = Path(folder).relative_to(top)
        folders[:] = sorted(f for f in folders if not _is_excluded(str(inside / f), patterns))
        for name in sorted(names):
            path, relative = Path(folder) / name, (inside / name).as_posix()
            if _is_excluded(relative, patterns):
                continue
            if not path.is_file():
                raise UsageError(f"{path} is not a regular file", hint=f"add -x {name!r}")
            yield relative, path


def _is_excluded(relative: str, patterns: Sequence[str]) -> bool:
    name = relative.rpartition("/")[2]
    return name in NEVER or any(
        fnmatch.fnmatch(relative, pattern.rstrip("/")) or fnmatch.fnmatch(name, pattern.rstrip("/"))
        for pattern in patterns
    )


def _standard_input(what: str) -> bytes:
    if sys.stdin.isatty():
        raise UsageError(f"{what} is to be read from standard input, which is a terminal")
    return sys.stdin.buffer.read()


def _complete_script(staged: Staged) -> None:
    script = staged.files[SCRIPT]
    if isinstance(script, bytes):
        start = script[:2]
    else:
        with script.open("rb") as file:
            start = file.read(2)
    if start == b"#!":
        return
    staged.files[SCRIPT] = SHEBANG + (script if isinstance(script, bytes) else script.read_bytes())
    staged.notes.append("the script does not begin with #!, so it is run by /bin/sh")
