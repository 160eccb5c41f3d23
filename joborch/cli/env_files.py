"""``--env-file``: a job's environment, one ``KEY=VALUE`` a line."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from joborch.cli.exits import UsageError

_LINE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(=.*)?", re.ASCII | re.DOTALL)


def env_texts(paths: Sequence[str]) -> list[str]:
    """Return the lines of these files as ``--env`` takes them: ``KEY=VALUE``, or ``KEY`` alone.

    Empty lines and those that begin with # are left out. A value is all that follows the =, as it
    is: quotes are part of it.

    Raises:
        UsageError: naming every line that is neither.
    """
    mistakes: list[str] = []
    texts = [text for path in paths for text in _lines(path, mistakes)]
    if mistakes:
        raise UsageError(*mistakes)
    return texts


def _lines(path: str, mistakes: list[str]) -> Iterator[str]:
    try:
        content = Path(path).read_text()
    except UnicodeDecodeError:
        mistakes.append(f"{path} is not text")
        return
    for number, line in enumerate(content.split("\n"), 1):
        text = line.strip("\r").lstrip()
        if not text or text.startswith("#"):
            continue
        if _LINE.fullmatch(text):
            yield text
        else:
            mistakes.append(f"{path} line {number}: {text[:60]!r} is not KEY=VALUE")
