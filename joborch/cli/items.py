"""Where the items of ``--each``, ``--each-dir``, ``--each-line``, ``--csv``, ``--jsonl`` come from.

An item becomes one job. Nothing is sent here, and every mistake is found first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from joborch.cli.exclusion import Exclusion
from joborch.cli.exits import UsageError
from joborch.cli.expansion import path_fields
from joborch.cli.staging import expanded, standard_input

ITEM = "JOBORCH_ITEM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What makes one job different from the others."""

    label: str
    """What messages and a ledger call it: unique, and the same when it is submitted again."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What the blanks stand for."""
    env: Mapping[str, str] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    """Files, as ``--input`` takes them."""
    file: Path | None = None
    directory: Path | None = None
    """Its content is the job's."""
    tags: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    priority: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The options that name items, as texts."""

    each: Sequence[str] = ()
    each_dir: Sequence[str] = ()
    each_line: str | None = None
    csv: str | None = None
    jsonl: str | None = None

    @property
    def named(self) -> list[str]:
        """The options that were given."""
        given = {
            "--each": self.each,
            "--each-dir": self.each_dir,
            "--each-line": self.each_line,
            "--csv": self.csv,
            "--jsonl": self.jsonl,
        }
        return [option for option, value in given.items() if value]

    def read(self, exclude: Exclusion | None = None) -> list[Item]:
        """Return the items, at least one, each with its number as ``{i}``.

        Raises:
            UsageError: naming everything that is wrong with them.
        """
        if len(self.named) > 1:
            raise UsageError(f"{' and '.join(self.named)}: only one of them at a time")
        items = list(_numbered(self._items(exclude or Exclusion())))
        if not items:
            raise UsageError(f"{self.named[0]} has no items")
        return items

    def _items(self, exclude: Exclusion) -> Iterable[Item]:
        if self.each:
            return (_file(path) for path in _matches(self.each, exclude))
        if self.each_dir:
            return (_directory(path) for path in _matches(self.each_dir, exclude))
        if self.each_line:
            return _lines(self.each_line)
        from joborch.cli import records

        if self.csv:
            return records.read_csv(text_of(self.csv, "--csv"), name_of(self.csv))
        return records.read_jsonl(text_of(self.jsonl or "", "--jsonl"), name_of(self.jsonl or ""))


def text_of(source: str, option: str) -> str:
    """Read a text file, or standard input for ``-``."""
    data = standard_input(f"{option} -") if source == "-" else Path(source).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{option} {source} is not UTF-8 text") from None


def name_of(source: str) -> str:
    """Say what messages call a source."""
    return "standard input" if source == "-" else source


def _matches(patterns: Sequence[str], exclude: Exclusion) -> list[Path]:
    paths = dict.fromkeys(path for pattern in patterns for path in expanded(pattern))
    return [path for path in paths if not exclude.leaves_out(path)]


def _file(path: Path) -> Item:
    if not path.is_file():
        raise UsageError(
            f"--each: {path} is not a file",
            hint="--each-dir is for directories" if path.is_dir() else None,
        )
    fields = path_fields(path.name)
    return Item(label=str(path), fields=fields, env={ITEM: path.name}, file=path)


def _directory(path: Path) -> Item:
    if not path.is_dir():
        raise UsageError(f"--each-dir: {path} is not a directory", hint="--each is for files")
    name = path.resolve().name
    return Item(label=str(path), fields=path_fields(name), env={ITEM: name}, directory=path)


def _lines(source: str) -> Iterator[Item]:
    for line in text_of(source, "--each-line").split("\n"):
        text = line.strip()
        if text:
            yield Item(label=text, fields=path_fields(text), env={ITEM: text})


def _numbered(items: Iterable[Item]) -> Iterator[Item]:
    """Add ``{i}``, and tell items apart that look the same."""
    taken: set[str] = set()
    for number, item in enumerate(items, 1):
        label, again = item.label, 1
        while label in taken:
            again += 1
            label = f"{item.label} #{again}"
        taken.add(label)
        yield replace(item, label=label, fields={"i": str(number), **item.fields})
