"""What there is of a job in the original's directory: looked at, nothing copied.

Users of the original had a hand in these files, so nothing is taken at its word: no link is
followed that leads out of the directory, and no results are believed that are not whole.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from joborch.domain.names import check_file_name, shown
from joborch.server.importing.archives import flaw_of
from joborch.server.importing.source import Original

SCRIPT = "run.sh"
RESULTS = "output.zip"
WITH_RESULTS = frozenset({"completed", "cleaned"})
"""Of all others, a file of the same name is one that the job was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """What of a job can be taken over, where it lies at the original."""

    inputs: dict[str, Path] = field(default_factory=dict)
    """What it was given, by name; none if nothing is there (any more)."""
    results: Path | None = None
    """A whole ZIP archive; None if there is none (any more)."""
    left_out: list[str] = field(default_factory=list)
    """What is there and cannot be taken over, and why not."""

    @property
    def refusal(self) -> str | None:
        """Why a job cannot be run with these inputs, if so."""
        if not self.inputs:
            return "its files are gone from the original server"
        script = self.inputs.get(SCRIPT)
        return None if script and script.stat().st_size else "there is no run.sh among the files"


def look(original: Original, data: Path) -> Find:
    """Look for what there is of a job in ``data``."""
    folder = original.folder
    if not folder.is_dir():
        return Find()
    if not _lies_in(data, folder):
        what = f"its directory {shown(folder.name)}"
        return Find(left_out=[_left_out(original, what, f"it leads out of {data}")])
    inputs, left_out = {}, []
    for name, path in _given(original):
        if flaw := _flaw_of_input(name, path):
            left_out.append(_left_out(original, shown(name), flaw))
        else:
            inputs[name] = path
    results = _came_back(original)
    if results and (flaw := _flaw_of_results(results, data)):
        left_out.append(_left_out(original, f"its {RESULTS}", flaw))
        results = None
    return Find(inputs=inputs, results=results, left_out=left_out)


def _given(original: Original) -> Iterator[tuple[str, Path]]:
    """Yield what a job was given, links too, but not the archive that came back, if one did."""
    taken = original.folder / RESULTS if original.status in WITH_RESULTS else None
    for path in sorted(original.folder.rglob("*")):
        if path != taken and (path.is_symlink() or path.is_file()):
            yield path.relative_to(original.folder).as_posix(), path


def _came_back(original: Original) -> Path | None:
    """Return what lies in the place of the results, whatever it is."""
    path = original.folder / RESULTS
    return path if original.status == "completed" and os.path.lexists(path) else None


def _flaw_of_input(name: str, path: Path) -> str | None:
    if path.is_symlink():
        return "it is a link"
    try:
        check_file_name(name)
    except ValueError as error:
        return str(error)
    return None


def _flaw_of_results(path: Path, data: Path) -> str | None:
    if not path.is_file():
        return "it is no file"
    return flaw_of(path) if _lies_in(data, path) else f"it leads out of {data}"


def _lies_in(data: Path, path: Path) -> bool:
    """Whether a path ends up below ``data``, wherever its links lead."""
    return data.resolve() in path.resolve().parents


def _left_out(original: Original, what: str, flaw: str) -> str:
    return f"job {original.id}: {what} was left out: {flaw}"
