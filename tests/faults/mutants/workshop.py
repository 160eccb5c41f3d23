"""A copy of the project, with an interpreter of its own, in which mutants are tried.

The copy is what every process in it imports, whatever its environment: the interpreter's packages
are those of the project's own, but for the line that leads to the project's tree.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.faults.mutants.mutant import ROOT, Mutant

PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", "40")
TO_THE_FIRST, TO_THE_END = "-x", "--continue-on-collection-errors"
CONTAINED = Path(__file__).with_name("contained.py")
LONGEST_S = 1800.0
_GREEN, _RED = 0, 1
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What tests said."""

    failed: tuple[str, ...]
    """Tests, or modules that could not be collected."""
    fault: str | None
    """Why they said nothing: they were not found, or never ended."""
    seconds: float


class Workshop:
    """One copy, used by one thread."""

    def __init__(self, home: Path) -> None:
        self.tree = home / "tree"
        self.python = home / "venv" / "bin" / "python"
        self._moments = count(1)
        _copy_tree(self.tree)
        _make_interpreter(home / "venv", self.tree)
        self._check()

    @contextmanager
    def without(self, mutant: Mutant) -> Iterator[None]:
        """Take a guard out until the block ends."""
        path = self.tree / mutant.path
        source, moment = path.read_text(), path.stat().st_mtime
        path.write_text(mutant.applied(source))
        # Compiled modules are told apart by size and second, and a mutant may differ in neither.
        os.utime(path, (moment + next(self._moments),) * 2)
        try:
            yield
        finally:
            path.write_text(source)
            os.utime(path, (moment, moment))

    def test(self, tests: Sequence[str], how_far: str = TO_THE_FIRST) -> Outcome:
        """Run tests in the copy, to the first that fails or to the end."""
        began = time.monotonic()
        status, said = self._run([*PYTEST, how_far, *tests])
        fault = None if status in {_GREEN, _RED} else f"status {status}: {said[-300:]}"
        failed = tuple(_FAILED.findall(said))
        return Outcome(failed=failed, fault=fault, seconds=time.monotonic() - began)

    def _run(self, arguments: Sequence[str]) -> tuple[int, str]:
        # By its path, so that it is not itself a mutant.
        command = [sys.executable, str(CONTAINED), str(LONGEST_S), str(self.python), *arguments]
        run = subprocess.run(
            command,
            cwd=self.tree,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return run.returncode, run.stdout

    def _check(self) -> None:
        """See that even a process that inherits nothing imports the copy."""
        command = [str(self.python), "-c", "import joborch; print(joborch.__file__)"]
        found = subprocess.run(command, cwd="/", env={}, capture_output=True, text=True, check=True)
        if not Path(found.stdout.strip()).is_relative_to(self.tree):
            raise RuntimeError(f"{found.stdout.strip()} is imported instead of {self.tree}")


def _copy_tree(tree: Path) -> None:
    """Copy all files that git knows of or would, as they are now."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def _make_interpreter(venv: Path, tree: Path) -> None:
    """Make an environment of links to the packages of this one, with the copy as joborch."""
    packages = Path(sysconfig.get_path("purelib"))
    ours = venv / packages.relative_to(sys.prefix)
    ours.mkdir(parents=True)
    for entry in packages.iterdir():
        if not (entry.suffix == ".pth" and str(ROOT) in entry.read_text()):
            (ours / entry.name).symlink_to(entry)
    (ours / "copy_of_joborch.pth").write_text(f"{tree}\n")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", venv)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(Path(sys.executable).resolve())
