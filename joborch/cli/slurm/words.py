"""Slurm's words for states, times and durations, and ours."""

import re
from datetime import datetime, timedelta

from joborch.cli.exits import UsageError
from joborch.cli.times import clock, parse_moment
from joborch.domain.states import SLURM_CODES, JobState

CODES = {
    JobState.QUEUED: ("PD", "PENDING"),
    JobState.ASSIGNED: ("CF", "CONFIGURING"),
    JobState.RUNNING: ("R", "RUNNING"),
    JobState.COMPLETED: ("CD", "COMPLETED"),
    JobState.FAILED: ("F", "FAILED"),
    JobState.TIMED_OUT: ("TO", "TIMEOUT"),
    JobState.CANCELLED: ("CA", "CANCELLED"),
    JobState.INVALID: ("BF", "BOOT_FAIL"),
    JobState.LOST: ("NF", "NODE_FAIL"),
}
"""A state's short and long name at Slurm's."""
_OTHERS = {"OUT_OF_MEMORY": JobState.FAILED, "CG": JobState.RUNNING, "COMPLETING": JobState.RUNNING}
BY_CODE = {name: state for state, names in CODES.items() for name in names} | SLURM_CODES | _OTHERS
UNIT_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_LIMIT = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", re.ASCII)
_LATER = re.compile(r"now\+(\d+)(second|minute|hour|day|week)?s?", re.ASCII)
_OCLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def code(state: str, *, is_long: bool = False) -> str:
    """Return Slurm's word for a state of ours: ``PD``, or ``PENDING``."""
    return CODES[JobState(state)][is_long]


def states(program: str, text: str) -> str | None:
    """Read ``PD,RUNNING`` as our states with commas between them; None for ``all``."""
    if text.lower() == "all":
        return None
    words = [word.strip().upper() for word in text.split(",") if word.strip()]
    if unknown := [word for word in words if word not in BY_CODE]:
        raise UsageError(
            f"{program} --state {unknown[0]}: no job of joborch is ever that",
            hint=f"there are {' '.join(BY_CODE)}",
        )
    return ",".join(dict.fromkeys(BY_CODE[word] for word in words))


def seconds(text: str) -> int:
    """Read a time limit: ``M``, ``M:S``, ``H:M:S``, ``D-H``, ``D-H:M`` or ``D-H:M:S``."""
    match = _LIMIT.fullmatch(text)
    if not match:
        raise UsageError(f"--time {text}: not a time like 90, 1:30:00 or 2-12 (days-hours)")
    days, first, second, third = (None if part is None else int(part) for part in match.groups())
    if days is not None:
        hours, minutes, rest = first or 0, second or 0, third or 0
    elif third is not None:
        hours, minutes, rest = first or 0, second or 0, third
    else:
        hours, minutes, rest = 0, first or 0, second or 0
    total = ((days or 0) * 24 + hours) * 3600 + minutes * 60 + rest
    if not total:
        raise UsageError(f"--time {text}: no limit is what the service's owner decides")
    return total


def begin(text: str, now: datetime) -> str:
    """Read ``now+2hours``, ``16:00`` (the next), ``tomorrow`` or ISO, as ISO."""
    if match := _LATER.fullmatch(text):
        return (now + timedelta(seconds=int(match[1]) * UNIT_S[match[2] or "second"])).isoformat()
    local = now.astimezone()
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if text in {"tomorrow", "midnight"}:
        return midnight.isoformat()
    if match := _OCLOCK.fullmatch(text):
        parts = {"hour": int(match[1]), "minute": int(match[2]), "second": int(match[3] or 0)}
        at = _replaced(local, text, parts)
        return (at if at > local else at + timedelta(days=1)).isoformat()
    return moment("--begin", text, now).isoformat()


def moment(flag: str, text: str, now: datetime) -> datetime:
    """Read a time in the past: ISO, ``14:30``, ``today``, ``yesterday``, ``now-2hours``."""
    if text.lower() in {"today", "midnight"}:
        return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    if match := _LATER.fullmatch(text.replace("-", "+", 1)):
        return now - timedelta(seconds=int(match[1]) * UNIT_S[match[2] or "second"])
    try:
        return parse_moment(text, now=now, ago=True)
    except ValueError as error:
        raise UsageError(f"{flag} {text}: {error}") from error


def elapsed(run_s: float | None) -> str:
    """Write a running time as Slurm does: ``0:41``, ``1:02:07``, ``2-03:00:00``."""
    days, left = divmod(int(run_s or 0), 86400)
    if not days:
        return clock(left)
    hours, rest = divmod(left, 3600)
    return f"{days}-{hours:02}:{rest // 60:02}:{rest % 60:02}"


def _replaced(local: datetime, text: str, parts: dict[str, int]) -> datetime:
    try:
        return local.replace(microsecond=0, **parts)  # type: ignore[arg-type]  # none is a zone
    except ValueError as error:
        raise UsageError(f"--begin {text}: {error}") from error
