"""The options of a submission as texts, and how they become the submission that is sent."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from joborch.cli.exits import UsageError
from joborch.cli.session import Session, duration, pairs
from joborch.cli.staging import Staged
from joborch.cli.times import parse_moment
from joborch.client import Orchestrator, Submission
from joborch.domain.arrays import parse_array
from joborch.domain.dependencies import Dependencies
from joborch.domain.errors import InvalidRequestError, TooLargeError, UnknownServiceError
from joborch.domain.names import check_user_id
from joborch.wire.services import Meta

LOOK_FIRST_BYTES = 1 << 20
LOOK_FIRST_FILES = 100
"""From this much on, the server's limits are asked for before anything is sent."""
_KEY = re.compile(r"[!-~]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for, as texts; None, False or nothing where nothing was."""

    service: str | None = None
    user: str | None = None
    name: str | None = None
    priority: int | None = None
    tags: Sequence[str] = ()
    env: Sequence[str] = ()
    inputs: Sequence[str] = ()
    time_limit: str | None = None
    max_attempts: int | None = None
    array: str | None = None
    begin: str | None = None
    after: Sequence[str] = ()
    after_any: Sequence[str] = ()
    is_held: bool = False
    key: str | None = None

    def over(self, other: "Wishes") -> "Wishes":
        """Return these wishes, with ``other``'s where nothing is said here.

        Of what can be said several times, ``other``'s comes first, so that what is here wins.
        """
        merged: dict[str, Any] = {}
        for field in fields(self):
            ours, theirs = getattr(self, field.name), getattr(other, field.name)
            is_list = isinstance(field.default, tuple)
            merged[field.name] = [*theirs, *ours] if is_list else _or(ours, theirs)
        return Wishes(**merged)


def submission_of(
    session: Session, wishes: Wishes, staged: Staged, service: str, awaited: Dependencies
) -> Submission:
    """Put a submission together, every option read; ``awaited`` is what it is to wait for.

    Raises:
        UsageError: for the first option that is wrong.
    """
    try:
        user_id = check_user_id(wishes.user or session.settings.user_id)
        if wishes.array is not None:
            parse_array(wishes.array)
        begin = _begin(wishes.begin, session.now)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if wishes.key is not None and not _KEY.fullmatch(wishes.key):
        raise UsageError(f"key {wishes.key!r} is not 1 to 200 visible ASCII characters")
    return Submission(
        service=service,
        user_id=user_id,
        files=staged.files,
        name=wishes.name or staged.name,
        priority=wishes.priority,
        array=wishes.array,
        tags=pairs(list(wishes.tags), "--tag"),
        env=_env(wishes.env),
        time_limit=duration(wishes.time_limit, "--time-limit"),
        max_attempts=wishes.max_attempts,
        is_held=wishes.is_held,
        begin=begin,
        after=awaited.completed,
        after_any=awaited.ended,
        key=wishes.key,
    )


def check_body(submission: Submission) -> None:
    """Refuse files that could not be sent; ``UsageError`` names all of them."""
    try:
        submission.body()
    except InvalidRequestError as error:
        raise UsageError(*error.mistakes) from error


def check_size(staged: Staged, meta: Meta) -> None:
    """Refuse what is more than the server takes, with ``TooLargeError``."""
    if staged.size_bytes > meta.max_upload_bytes or len(staged.files) > meta.max_files:
        raise TooLargeError(
            f"{len(staged.files)} files of {staged.size_bytes} bytes are more than the server takes"
            f" ({meta.max_files} files, {meta.max_upload_bytes} bytes)"
        )


def only_service(meta: Meta) -> str:
    """Return the server's service if it has exactly one; else ``UsageError``."""
    if len(meta.services) != 1:
        offered = ", ".join(meta.services) or "none yet"
        raise UsageError(f"which service? This server offers {offered}", hint="add --service NAME")
    return meta.services[0]


async def service_for(
    session: Session, wishes: Wishes, staged: Staged, orchestrator: Orchestrator
) -> str:
    """Return the service to submit to; look at the server's limits if that may be needed.

    Raises:
        TooLargeError: if the server would not take so much.
        UsageError: if no service was named and the server has not exactly one.
    """
    service = wishes.service or session.settings.service
    is_small = staged.size_bytes < LOOK_FIRST_BYTES and len(staged.files) < LOOK_FIRST_FILES
    if service is not None and is_small:
        return service
    meta = await orchestrator.meta()
    check_size(staged, meta)
    return service or only_service(meta)


def with_command(error: UnknownServiceError) -> UnknownServiceError:
    """Add to the server's refusal what to type instead."""
    known = [str(name) for name in getattr(error, "known", ())]
    error.details["why"] = error.hint
    error.hint = f"joborch submit --service {known[0]} …" if known else "joborch agent -s NAME"
    return error


def _begin(text: str | None, now: datetime) -> datetime | None:
    try:
        return parse_moment(text, now=now, ago=False) if text else None
    except ValueError as error:
        raise UsageError(f"--begin: {error}") from error


def _env(texts: Sequence[str]) -> dict[str, str]:
    missing = [text for text in texts if "=" not in text and text not in os.environ]
    if missing:
        raise UsageError(f"--env {missing[0]}: there is no such variable here")
    return pairs([t if "=" in t else f"{t}={os.environ[t]}" for t in texts], "--env")


def _or(ours: object, theirs: object) -> object:
    return theirs if ours is None or ours is False else ours
