"""From a command line to the files of a job. Nothing is sent here; every mistake is found first."""

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from joborch.cli.exclusion import IGNORE_FILE, Exclusion, matches
from joborch.cli.exits import UsageError
from joborch.client.wrapping import SHEBANG, wrapped

SCRIPT = "run.sh"

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
            both = [str(each) for each in (self.files[name], content) if isinstance(each, Path)]
            which = f": {' and '.join(both)}" if both else ""
            raise UsageError(
                f"two files would be called {name!r} in the job's directory{which}",
                hint="-i SRC:DEST gives a file another name; a directory keeps its own",
            )
        self.files[name] = content

    def add_input(self, text: str) -> None:
        """Add a file as ``--input SRC[:DEST]`` names it."""
        source, _, name = text.partition(":")
        if source == "-":
            self.add(name or "stdin", standard_input(text))
            return
        if not Path(source).is_file():
            raise UsageError(f"--input {text}: {source} is not a file")
        self.add(name or Path(source).name, Path(source))

    def add_tree(self, directory: Path, exclude: Exclusion) -> None:
        """Add what is in a directory, but for what is excluded."""
        for name, path in _tree(directory, exclude):
            self.add(name, path)

    def copy(self) -> "Staged":
        """Return the same files, to which others can be added."""
        return Staged(files=dict(self.files), name=self.name, notes=list(self.notes))

    def complete_script(self) -> None:
        """Check that there is a script, and say in it who runs it."""
        if SCRIPT not in self.files:
            raise UsageError(f"there is no {SCRIPT} among the files")
        script = self.files[SCRIPT]
        start = script[:2] if isinstance(script, bytes) else _start_of(script)
        if start == b"#!":
            return
        whole = script if isinstance(script, bytes) else script.read_bytes()
        self.files[SCRIPT] = SHEBANG + whole
        self.notes.append("the script does not begin with #!, so it is run by /bin/sh")


def stage(
    arguments: Sequence[str],
    *,
    command: Sequence[str] | None,
    exclude: Exclusion | None = None,
    needs_script: bool = True,
) -> Staged:
    """Gather the files of ``SCRIPT [FILE|DIR|GLOB]...``, ``DIR``, ``-`` or ``-- COMMAND``.

    Args:
        arguments: what stands before ``--``.
        command: what stands behind it; None: there is no ``--``.
        exclude: what to leave out.
        needs_script: without it there may be no arguments at all.

    Raises:
        UsageError: if a file is missing or is none, or there is no script.
    """
    staged, exclude = Staged(), exclude or Exclusion()
    if command is not None:
        refuse_second_script(arguments, exclude)
        staged.add(SCRIPT, script_of(command))
        staged.name, rest = Path(command[0]).name, arguments
    elif not arguments and needs_script:
        raise UsageError("nothing to run was named", hint="joborch submit run.sh in.dat")
    elif len(arguments) == 1 and Path(arguments[0]).is_dir():
        rest = _stage_directory(staged, Path(arguments[0]), exclude)
    else:
        rest = _stage_script(staged, arguments[0], arguments[1:]) if arguments else ()
    for argument in rest:
        for path in expanded(argument):
            _add_path(staged, path, exclude)
    return staged


def refuse_second_script(arguments: Sequence[str], exclude: Exclusion) -> None:
    """Refuse a ``run.sh`` beside a command line: it would be the script, which the command is."""
    for argument in arguments:
        path = Path(argument)
        if path.name == SCRIPT and path.is_file() and not exclude.leaves_out(path):
            raise UsageError(
                f"{argument} is a script, and what stands behind -- is one, too",
                hint=f"leave one of them out; -i {argument}:NAME sends it under another name",
            )


def script_of(command: Sequence[str]) -> bytes:
    """Write a script that becomes this command."""
    if not command:
        raise UsageError("no command follows --")
    return wrapped(command)


def _stage_directory(staged: Staged, directory: Path, exclude: Exclusion) -> Sequence[str]:
    staged.add_tree(directory, exclude)
    if SCRIPT not in staged.files:
        raise UsageError(f"there is no {SCRIPT} in {directory}")
    staged.name = directory.resolve().name
    return ()


def _stage_script(staged: Staged, script: str, rest: Sequence[str]) -> Sequence[str]:
    if script == "-":
        staged.add(SCRIPT, standard_input("the script"))
        return rest
    path = Path(script)
    if not path.is_file():
        raise UsageError(f"{script} is not a file", hint="a command line goes behind --")
    staged.add(SCRIPT, path)
    staged.name = path.stem if path.name != SCRIPT else None
    return rest


def expanded(argument: str) -> list[Path]:
    """Return what a path or a pattern names; a pattern without a match is a mistake."""
    if Path(argument).exists() or not glob.has_magic(argument):
        return [Path(argument)]
    found = sorted(Path(match) for match in glob.glob(argument, recursive=True))  # noqa: PTH207
    if not found:
        raise UsageError(f"no file is {argument}")
    return found


def _add_path(staged: Staged, path: Path, exclude: Exclusion) -> None:
    if path.is_dir():
        top = path.resolve().name
        for name, below in _tree(path, exclude):
            staged.add(f"{top}/{name}", below)
        return
    if not path.is_file():
        raise UsageError(f"{path} is not there" if not path.exists() else f"{path} is not a file")
    if not exclude.leaves_out(path):
        staged.add(path.name, path)


def _tree(top: Path, exclude: Exclusion) -> Iterator[tuple[str, Path]]:
    ignore = top / IGNORE_FILE
    lines = ignore.read_text().splitlines() if ignore.is_file() else []
    ignored = [line.strip() for line in lines if line.strip()[:1] not in {"", "#"}]

    def is_left_out(path: Path) -> bool:
        relative = path.relative_to(top).as_posix()
        return exclude.leaves_out(path, relative) or any(matches(relative, p) for p in ignored)

    for folder, folders, names in os.walk(top):
        folders[:] = sorted(each for each in folders if not is_left_out(Path(folder) / each))
        for name in sorted(names):
            path = Path(folder) / name
            if is_left_out(path):
                continue
            if not path.is_file():
                raise UsageError(f"{path} is not a regular file", hint=f"add -x {name!r}")
            yield path.relative_to(top).as_posix(), path


def standard_input(what: str) -> bytes:
    """Read standard input, which a message calls ``what``; ``UsageError`` if it is a terminal."""
    if sys.stdin.isatty():
        raise UsageError(f"{what} is to be read from standard input, which is a terminal")
    return sys.stdin.buffer.read()


def _start_of(script: Path) -> bytes:
    with script.open("rb") as file:
        return file.read(2)
