"""What a check found out."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it stands with something."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It does not apply, cannot be said yet, or is only a suggestion."""


MARKS = {State.OK: "✓", State.FAILED: "✗", State.SKIPPED: "–"}  # noqa: RUF001 - a dash is meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    check: str
    state: State
    message: str
    remedy: str | None = None
    """What to do about it."""


def ok(check: str, message: str) -> Finding:
    """Report what is as it should be."""
    return Finding(check=check, state=State.OK, message=message)


def failed(check: str, message: str, remedy: str) -> Finding:
    """Report what keeps joborch from working."""
    return Finding(check=check, state=State.FAILED, message=message, remedy=remedy)


def skipped(check: str, message: str, remedy: str | None = None) -> Finding:
    """Report what was not looked at, or what could be nicer."""
    return Finding(check=check, state=State.SKIPPED, message=message, remedy=remedy)
