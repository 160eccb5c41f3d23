"""What would be on a disk after a power cut, told from the system calls of a process.

The strictest reading of POSIX: a file's bytes survive if the file was flushed after they were
written, its name survives if the directory that holds it was flushed after it came there, and the
same is true of that directory's own name.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,mkdir,write,writev,pwrite64,sendfile,copy_file_range,ftruncate,fsync,fdatasync,"
    "sendto,sendmsg,"
    "/^(rename|link|unlink|rmdir)"
)

_LINE = re.compile(
    r"(?P<thread>\d+) +(?:<\.\.\. \w+ resumed>(?P<rest>.*)"
    r"|(?P<name>\w+)\((?P<said>.*?)(?P<stays> <unfinished \.\.\.>)?)$"
)
_OPENED = re.compile(r"\d+<(/[^>]*)>")
_NAMED = re.compile(r'(?:\w+<([^>]*)>, )?"([^"]*)"')
_DONE = re.compile(r"\) += (\d+)")
_ANSWER = re.compile(r'"HTTP/1\.1 2\d\d ')


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call; ``at`` counts the lines of the log, when it began and when it was over."""

    name: str
    said: str
    at: tuple[int, int]

    @property
    def succeeded(self) -> bool:
        return bool(_DONE.search(self.said))

    @property
    def paths(self) -> list[Path]:
        """What it is about, by descriptor or by name."""
        if opened := _OPENED.match(self.said):
            return [Path(opened[1])]
        return [Path(folder or "/", name) for folder, name in _NAMED.findall(self.said)]


def calls_in(log: Path) -> list[Call]:
    """Return the calls of a log in the order in which they were over."""
    return [*_read(log.read_text(errors="replace").splitlines())]


@dataclass(slots=True)
class Disk:
    """What a process has made so far, and how much of it would survive."""

    there: frozenset[Path] = frozenset()
    """What had its name before."""
    unflushed: dict[Path, int] = field(default_factory=dict)
    """Files with bytes, and directories with names, that may be lost; since when."""
    names: dict[Path, int] = field(default_factory=dict)
    """What was made or renamed, and when."""
    renamed: set[Path] = field(default_factory=set)
    """What came to its place complete."""
    flushed: set[Path] = field(default_factory=set)
    """What was flushed at least once."""
    torn: list[str] = field(default_factory=list)
    """What was renamed before all of it was flushed."""

    def see(self, call: Call) -> None:
        """Take a call into account."""
        if not call.succeeded or not call.paths:
            return
        first, last = call.paths[0], call.paths[-1]
        match call.name:
            case "write" | "writev" | "pwrite64" | "ftruncate":
                self.unflushed[first] = call.at[1]
            case "openat" if "O_CREAT" in call.said:
                self._name(first, call)
            case "mkdir":
                self._name(first, call)
            case "rename" | "renameat" | "renameat2":
                self._rename(first, last, call)
            case "unlink" | "unlinkat" | "rmdir":
                self._forget(first)
            case "fsync" | "fdatasync":
                self._flush(first, call)

    def may_lose(self, path: Path) -> list[Path]:
        """Return what is needed to find ``path`` again and may be lost, it and all below it."""
        below = [found for found in self.unflushed if found.is_relative_to(path)]
        return below + [parent for parent in path.parents if parent in self.unflushed]

    def _name(self, path: Path, call: Call) -> None:
        if path not in self.names and path not in self.there:
            self.names[path] = call.at[1]
            self.unflushed[path.parent] = call.at[1]

    def _rename(self, source: Path, target: Path, call: Call) -> None:
        self.torn += [f"{path} at {call.said}" for path in self.unflushed if _is_in(path, source)]
        for known in (self.unflushed, self.names):
            for path in [path for path in known if _is_in(path, source)]:
                known[target / path.relative_to(source)] = known.pop(path)
        self.renamed.add(target)
        self.names[target] = self.unflushed[target.parent] = call.at[1]

    def _forget(self, path: Path) -> None:
        for known in (self.unflushed, self.names):
            known.pop(path, None)

    def _flush(self, path: Path, call: Call) -> None:
        self.flushed.add(path)
        if self.unflushed.get(path, call.at[0]) < call.at[0]:
            del self.unflushed[path]


def when_answered(calls: Iterable[Call], *, there: Iterable[Path] = ()) -> Disk:
    """Return how the disk stood when the last 2xx answer began to be sent.

    What was ``there`` before is opened and not made, whatever the flags: SQLite opens a journal
    with ``O_CREAT`` for each of its connections.
    """
    ordered = [*calls]
    answer = [call for call in ordered if _ANSWER.search(call.said)][-1]
    disk = Disk(there=frozenset(there))
    for call in ordered:
        if call.at[1] < answer.at[0]:
            disk.see(call)
    return disk


def _is_in(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder)


def _read(lines: Iterable[str]) -> Iterator[Call]:
    begun: dict[str, tuple[str, str, int]] = {}
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if not found:
            continue
        thread = found["thread"]
        if found["stays"]:
            begun[thread] = (found["name"], found["said"], number)
        elif found["name"]:
            yield Call(name=found["name"], said=found["said"], at=(number, number))
        elif thread in begun:
            name, said, since = begun.pop(thread)
            yield Call(name=name, said=said + found["rest"], at=(since, number))
