"""``-x``: which files are left out, and which patterns left none out."""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

IGNORE_FILE = ".joborchignore"
NEVER = (".git", IGNORE_FILE)


@dataclass(slots=True)
class Exclusion:
    """The patterns of a command line, by what they were good for so far."""

    patterns: Sequence[str] = ()
    _used: set[str] = field(default_factory=set)

    def leaves_out(self, path: Path, relative: str | None = None) -> bool:
        """Whether a file or directory is never sent, or a pattern is about it.

        A pattern is about its name; with a slash in it, about its path as it was given.
        ``relative`` is its path in a directory that is sent, which any pattern may be about.
        """
        found = {
            each
            for each in self.patterns
            if matches(relative or path.name, each)
            or ("/" in _plain(each) and fnmatch.fnmatch(str(path), _plain(each)))
        }
        self._used |= found
        return path.name in NEVER or bool(found)

    @property
    def notes(self) -> list[str]:
        """What to say of patterns that left nothing out."""
        idle = [each for each in dict.fromkeys(self.patterns) if each not in self._used]
        return [f"-x {each} excludes nothing" for each in idle]


def matches(relative: str, pattern: str) -> bool:
    """Whether a pattern is about the path of a file in a directory, or about its name."""
    name = relative.rpartition("/")[2]
    return any(fnmatch.fnmatch(each, _plain(pattern)) for each in (relative, name))


def _plain(pattern: str) -> str:
    return pattern.rstrip("/").removeprefix("./")
