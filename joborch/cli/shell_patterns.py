"""``--each in/*.pdb run.sh``, where the shell put the files in the pattern's place: what is what.

The first file is then the option's value and the others are arguments, like the script and what all
jobs share. They are told apart where that can be done for certain:

- In front of the script nothing but items can stand. If the script is not named elsewhere, it is
  the only one of the words that is one by its looks; what stands behind it is for all jobs.
- If the script is named elsewhere, the words are items if they are exactly what one pattern stands
  for, all of one kind. Otherwise some of them could be for all jobs.

All else is refused, with the quotes that make it clear.
"""

import glob
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from joborch.cli.exits import UsageError
from joborch.cli.items import Sources
from joborch.cli.staging import SCRIPT
from joborch.cli.typed_words import Given, TypedWords

EACH, EACH_DIR = "--each", "--each-dir"


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedOut:
    """What a command line means."""

    arguments: list[str]
    """The script, unless there is a command, and what all jobs share."""
    sources: Sources


def sorted_out(typed: TypedWords, sources: Sources, *, has_command: bool) -> SortedOut:
    """Give each argument its place; ``UsageError`` where that is not certain."""
    expanded = [given for given in typed.given if _may_be_expanded(given)]
    arguments = [*typed.loose, *_behind([each for each in typed.given if each not in expanded])]
    holder = None
    if not (has_command or arguments):
        holder = _holder_of_script(expanded)
    items: dict[str, list[str]] = {EACH: [], EACH_DIR: []}
    for given in typed.given:
        own: list[str] = []
        if given is holder:
            place = _place_of_script(given)
            own, rest = given.behind[:place], given.behind[place:]
            arguments += rest
        elif given in expanded:
            own = given.behind
            _demand_pattern(given)
        items[given.option] += [given.value, *own]
    return SortedOut(
        arguments=arguments, sources=replace(sources, each=items[EACH], each_dir=items[EACH_DIR])
    )


def _behind(given: Sequence[Given]) -> list[str]:
    return [word for each in given for word in each.behind]


def _may_be_expanded(given: Given) -> bool:
    return bool(given.behind) and not given.is_joined and Path(given.value).exists()


def _holder_of_script(expanded: Sequence[Given]) -> Given | None:
    """Return behind which option the script stands, None if there is none."""
    holders = [given for given in expanded if _scripts(given)]
    if len(holders) > 1:
        raise _unclear(holders[0], "more than one of the words looks like the script")
    if not expanded:
        return None
    found = holders[0] if holders else expanded[-1]
    if _is_one_kind(found) and (holders or found.option == EACH_DIR):
        return None  # directories may have a script each; of files none is it
    if not holders and (len(_behind(expanded)) > 1 or _is_one_kind(found) or _is_pattern(found)):
        raise _without_script(found)
    return found


def _place_of_script(given: Given) -> int:
    found = _scripts(given)
    if not found:
        return 0
    words = [given.value, *given.behind]
    # A shell names nothing twice: what is there again has been named apart from the pattern.
    again = [script for script in found if words.count(script) > 1]
    if len(again or found) > 1:
        raise _unclear(given, f"{' and '.join(found)} both look like the script")
    return len(given.behind) - 1 - given.behind[::-1].index((again or found)[0])


def _scripts(given: Given) -> list[str]:
    """Return the words that are scripts by their looks, each once."""
    found = [word for word in given.behind if _is_script(Path(word), given.option)]
    return list(dict.fromkeys(found))


def _is_script(path: Path, option: str) -> bool:
    if path.is_dir():
        return (path / SCRIPT).is_file()
    if option == EACH_DIR or str(path) == "-" or path.suffix == ".sh":
        return True
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _demand_pattern(given: Given) -> None:
    if not (_is_one_kind(given) and _is_pattern(given)):
        first = given.behind[0]
        raise _unclear(given, f"{first} may be one of its files, or one that all jobs share")


def _is_one_kind(given: Given) -> bool:
    """Whether all are directories, or all files of one ending, at one place."""
    paths = _paths(given)
    return len({(p.is_dir(), p.parent, "" if p.is_dir() else p.suffix) for p in paths}) == 1


def _is_pattern(given: Given) -> bool:
    """Whether the words are just what a pattern with one star stands for, each once."""
    paths = _paths(given)
    if len({path.parent for path in paths}) > 1 or len(set(paths)) < len(paths):
        return False
    found = {Path(name) for name in glob.glob(_tightest(paths))}  # noqa: PTH207
    if all(path.is_dir() for path in paths):
        found = {path for path in found if path.is_dir()}
    return found == set(paths)


def _paths(given: Given) -> list[Path]:
    return [Path(word) for word in (given.value, *given.behind)]


def _tightest(paths: Sequence[Path]) -> str:
    """Return the narrowest pattern with one star that all of the paths match."""
    names = [path.name for path in paths]
    start = _common_start(names)
    end = _common_start([name[len(start) :][::-1] for name in names])[::-1]
    return str(Path(glob.escape(str(paths[0].parent))) / f"{glob.escape(start)}*{glob.escape(end)}")


def _common_start(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(letter for letter, _ in same)


def _unclear(given: Given, why: str) -> UsageError:
    error = UsageError(
        f"which words belong to {given.option} is not clear: the shell expanded a pattern",
        hint=f"put the pattern in quotes: {_quotes(given)}",
    )
    error.details["why"] = why
    return error


def _without_script(given: Given) -> UsageError:
    error = UsageError(
        "nothing to run was named",
        hint=f"name the script behind the pattern: {_quotes(given)} {SCRIPT}",
    )
    error.details["why"] = "none of the words looks like the script: none begins with #!"
    return error


def _quotes(given: Given) -> str:
    value = Path(given.value)
    is_mixed = value.is_dir() or value.suffix != Path(given.behind[0]).suffix
    return f"{given.option} '{value.parent / ('*' if is_mixed else f'*{value.suffix}')}'"
