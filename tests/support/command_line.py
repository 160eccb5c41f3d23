"""What a test sees of a command."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a command left."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs ``joborch`` with these arguments; keywords are further environment variables."""

    def __call__(
        self, *arguments: str, stdin: str = "", typed: str = "", **variables: str
    ) -> Finished: ...
