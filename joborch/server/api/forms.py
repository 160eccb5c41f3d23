"""The fields of a submission's form, read into an order; every mistake is named at once."""

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from joborch.domain.arrays import parse_array
from joborch.domain.dependencies import MOST_MEMBERS, Dependencies, parse_ids
from joborch.domain.durations import parse_duration
from joborch.domain.errors import InvalidRequestError
from joborch.domain.jobs import DEFAULT_PRIORITY, NewJob
from joborch.domain.names import check_job_name, check_tag, check_user_id, has_control, shown
from joborch.process.settings import whole_number, yes_or_no
from joborch.server.operations.submit import Order

T = TypeVar("T")
Fields = Mapping[str, list[str]]

FIELDS: dict[str, str] = {
    "service": "What to submit to.",
    "user_id": "On whose account: letters, digits and . _ @ + -",
    "name": "What to call it; default: the service's name.",
    "priority": "0 to 100, higher first; default 50.",
    "array": "One job an index: 1-250, 0-100:5, 1,3,7, with %10 for at most 10 at once.",
    "tag": "KEY=VALUE, repeatable.",
    "env": "KEY=VALUE of the job's environment, repeatable.",
    "time_limit": "A duration: 90s, 10m, 1h30m.",
    "max_attempts": "How often the infrastructure may fail under it, 1 to 100.",
    "hold": "yes: wait until released.",
    "begin": "RFC 3339: not before.",
    "after": "Ids of jobs, like 7,40-60, repeatable: start once each of them has completed.",
    "after_any": "Ids of jobs, repeatable: start once each of them has ended, however.",
}
MOST_ATTEMPTS = 100
"""The service's own limit holds below it, and where a form says nothing."""
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_KEY = re.compile(r"[!-~]{1,200}", re.ASCII)
BAD_KEY = "Idempotency-Key: 1 to 200 visible ASCII characters are needed"


def read_order(fields: Fields, key: str | None) -> Order:
    """Read what is asked for; ``key`` is the Idempotency-Key header.

    Raises:
        InvalidRequestError: naming every mistake.
    """
    form = _Form(fields)
    form.check_names()
    service = form.take("service", _present)
    array = form.take("array", parse_array)
    new = NewJob(
        service=service or "",
        user_id=form.take("user_id", check_user_id) or "",
        name=form.take("name", check_job_name) or service or "",
        priority=_or(form.take("priority", whole_number(0, 100)), DEFAULT_PRIORITY),
        tags=form.pairs("tag", check_tag),
        env=form.pairs("env", _variable),
        time_limit=form.take("time_limit", parse_duration),
        max_attempts=_or(form.take("max_attempts", whole_number(1, MOST_ATTEMPTS)), MOST_ATTEMPTS),
        is_held=bool(form.take("hold", yes_or_no)),
        not_before=form.take("begin", parse_time),
    )
    after = Dependencies(completed=form.ids("after"), ended=form.ids("after_any"))
    if len(after.members) > MOST_MEMBERS:
        form.mistakes.append(f"after and after_any: at most {MOST_MEMBERS} jobs together")
    if key is not None and not is_key(key):
        form.mistakes.append(BAD_KEY)
    form.need("service", "user_id")
    if form.mistakes:
        raise InvalidRequestError(*form.mistakes)
    return Order(new=new, array=array, after=after, key=key)


def is_key(text: str) -> bool:
    """Whether this can be an Idempotency-Key."""
    return _KEY.fullmatch(text) is not None


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 time.

    Raises:
        ValueError: it is none, or says no zone.
    """
    wrong = ValueError("not a time like 2026-01-31T12:00:00Z")
    try:
        time = datetime.fromisoformat(text.strip())
        if time.tzinfo is None:
            raise wrong
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong from None


class _Form:
    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.mistakes: list[str] = []

    def check_names(self) -> None:
        for name in self._fields:
            if name not in FIELDS:
                near = difflib.get_close_matches(name, FIELDS, n=1)
                hint = f"; {near[0]}?" if near else ""
                self.mistakes.append(f"there is no field {shown(name)}{hint}")

    def need(self, *names: str) -> None:
        missing = [f"{name} is missing" for name in names if name not in self._fields]
        self.mistakes = missing + self.mistakes

    def take(self, name: str, parse: Callable[[str], T]) -> T | None:
        texts = self._fields.get(name, [])
        if len(texts) > 1:
            self.mistakes.append(f"{name} is there {len(texts)} times")
        try:
            return parse(texts[0]) if texts else None
        except ValueError as error:
            self.mistakes.append(f"{name}: {error}")
            return None

    def ids(self, name: str) -> tuple[int, ...]:
        found: list[int] = []
        for text in self._fields.get(name, []):
            try:
                found += parse_ids(text)
            except ValueError as error:
                self.mistakes.append(f"{name}: {error}")
        return tuple(found)

    def pairs(self, name: str, check: Callable[[str, str], None]) -> dict[str, str]:
        found: dict[str, str] = {}
        for text in self._fields.get(name, []):
            key, equals, value = text.partition("=")
            try:
                if not equals or key in found:
                    raise ValueError("KEY=VALUE is needed, each key once")  # noqa: TRY301 - as the others
                check(key, value)
            except ValueError as error:
                self.mistakes.append(f"{name} {shown(text)}: {error}")
            found[key] = value
        return found


def _present(text: str) -> str:
    if not text or has_control(text):
        raise ValueError("is empty or has control characters")
    return text


def _variable(key: str, value: str) -> None:
    if not _ENV_NAME.fullmatch(key) or "\0" in value:
        raise ValueError("a name has letters, digits and _, and a value no NUL")


def _or(value: Any, default: T) -> T:
    return default if value is None else value
