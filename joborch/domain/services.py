"""Services: what users submit to, with their quotas and time limits."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from joborch.domain.durations import parse_duration
from joborch.domain.errors import InvalidRequestError
from joborch.domain.quotas import Limits

SERVICE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A queue of its own, with limits of its own."""

    name: str
    limits: Limits = field(default_factory=Limits)
    time_limit: timedelta | None = None
    """For jobs that name none themselves, and the most that a job may ask for."""
    max_attempts: int = 3
    """How often the infrastructure may fail under a job before it is lost."""
    lost_after: timedelta = timedelta(minutes=15)
    """How long an agent may be silent before its jobs are put back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Since when a service starts no jobs; it takes them nevertheless, and what runs goes on."""

    service: str
    at: datetime
    actor: str
    reason: str | None = None


def parse_service(text: str) -> Service:
    """Read ``NAME`` or ``NAME:per_user=5,max=10,time_limit=1h,max_attempts=3,lost_after=15m``.

    Raises:
        InvalidRequestError: naming every mistake in the text.
    """
    name, _, options = text.partition(":")
    pairs = dict(_pair(option) for option in options.split(",") if option)
    return service_from(name, pairs)


def service_from(name: str, options: dict[str, str], base: Service | None = None) -> Service:
    """Build the service ``name`` from option texts, on top of ``base`` if there is one."""
    mistakes = [] if SERVICE_NAME.fullmatch(name) else [f"{name!r} is no name for a service"]
    service = base or Service(name=name if not mistakes else "?")
    for key, value in options.items():
        try:
            service = _with_option(service, key, value)
        except (ValueError, KeyError) as error:
            mistakes.append(_mistake(name, key, value, error))
    if mistakes:
        raise InvalidRequestError(*mistakes)
    return service


def _pair(option: str) -> tuple[str, str]:
    key, _, value = option.partition("=")
    return key.strip(), value.strip()


def _with_option(service: Service, key: str, value: str) -> Service:
    match key:
        case "per_user":
            return replace(service, limits=replace(service.limits, per_user=_count(value)))
        case "max":
            return replace(service, limits=replace(service.limits, total=_count(value)))
        case "max_attempts":
            return replace(service, max_attempts=_count(value, least=1))
        case "time_limit":
            return replace(service, time_limit=parse_duration(value))
        case "lost_after":
            return replace(service, lost_after=parse_duration(value))
        case _:
            raise KeyError(key)


def _count(text: str, least: int = 0) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < least or int(text) > 2**31:
        raise ValueError(f"not a whole number of at least {least}")
    return int(text)


def _mistake(name: str, key: str, value: str, error: Exception) -> str:
    if isinstance(error, KeyError):
        known = "per_user, max, time_limit, max_attempts, lost_after"
        return f"service {name}: no option {key!r} (there are {known})"
    return f"service {name}: {key}={value!r} is {error}"
