"""Durations and sizes as people write them."""

import re
from datetime import timedelta

_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PARTS = re.compile(r"(\d+(?:\.\d+)?)([smhdw])", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+)-)?(\d+):(\d{2})(?::(\d{2}))?", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?", re.IGNORECASE | re.ASCII)
_LONGEST_S = 10 * 365 * 86400


def parse_duration(text: str) -> timedelta:
    """Read ``90``, ``90s``, ``1h30m``, ``2d``, ``PT10M`` or Slurm's ``[D-]HH:MM:SS``.

    Raises:
        ValueError: if it is none of these, not positive, or longer than ten years.
    """
    seconds = _seconds(text.strip().lower().removeprefix("pt"))
    if seconds is None or not 0 < seconds <= _LONGEST_S:
        raise ValueError("not a duration like 90s, 10m, 1h30m, 2d or 01:30:00")
    return timedelta(seconds=seconds)


def _seconds(text: str) -> float | None:
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    if clock := _CLOCK.fullmatch(text):
        days, first, second, third = clock.groups()
        hms = (first, second, third) if third else ("0", first, second)
        hours, minutes, seconds = (int(part) for part in hms)
        return int(days or 0) * 86400 + hours * 3600 + minutes * 60 + seconds
    parts = _PARTS.findall(text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts)


def parse_size(text: str) -> int:
    """Read ``1000``, ``400M``, ``400MB``, ``2GiB`` as bytes; the units are powers of 1024.

    Raises:
        ValueError: if it is not a size, or zero.
    """
    match = _SIZE.fullmatch(text.strip())
    size = int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " ")) if match else 0
    if size <= 0:
        raise ValueError("not a size like 400M or 2GiB")
    return size


def format_duration(seconds: float) -> str:
    """Write a duration in at most two units: ``41s``, ``14m``, ``1h30m``, ``2d``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s" if whole or not seconds else f"{seconds:.1f}s"
    for unit, size, below, below_size in (
        ("d", 86400, "h", 3600),
        ("h", 3600, "m", 60),
        ("m", 60, "s", 1),
    ):
        if whole >= size:
            rest = whole % size // below_size
            return f"{whole // size}{unit}" + (f"{rest}{below}" if rest else "")
    raise AssertionError("unreachable: a minute or more has a unit")
