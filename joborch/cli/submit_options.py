"""What ``submit`` and ``run`` take in common, and how it becomes a submission."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from joborch.cli.exits import UsageError
from joborch.cli.session import Session, duration, pairs
from joborch.cli.staging import Staged
from joborch.cli.times import parse_moment
from joborch.client import Orchestrator, Submission
from joborch.domain.arrays import parse_array
from joborch.domain.errors import InvalidRequestError, TooLargeError, UnknownServiceError
from joborch.domain.names import check_user_id

Arguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SCRIPT|DIR|-] [FILE]...", show_default=False, help="What to run."),
]
Service = Annotated[
    str | None,
    typer.Option("-s", "--service", metavar="NAME", help="Default: the only one there is."),
]
User = Annotated[str | None, typer.Option("-u", "--user", metavar="ID", help="Whose job it is.")]
Name = Annotated[
    str | None, typer.Option("-n", "--name", metavar="TEXT", help="Default: the script's.")
]
Priority = Annotated[
    int | None,
    typer.Option(
        "-p", "--priority", metavar="0..100", min=0, max=100, help="Higher goes first; default 50."
    ),
]
Tags = Annotated[
    list[str] | None, typer.Option("-t", "--tag", metavar="K=V", help="A label, to find it by.")
]
Env = Annotated[
    list[str] | None,
    typer.Option("-e", "--env", metavar="K[=V]", help="Environment; K alone: as it is here."),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("-i", "--input", metavar="SRC[:DEST]", help="A file, under another name."),
]
Exclude = Annotated[
    list[str] | None, typer.Option("-x", "--exclude", metavar="GLOB", help="Files to leave out.")
]
TimeLimit = Annotated[
    str | None, typer.Option("--time-limit", metavar="DUR", help="How long it may run: 90s, 1h30m.")
]
MaxAttempts = Annotated[
    int | None, typer.Option("--max-attempts", metavar="N", min=1, help="When hosts fail under it.")
]

LOOK_FIRST_BYTES = 1 << 20
LOOK_FIRST_FILES = 100
"""From this much on, the server's limits are asked for before anything is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of a submission, as texts."""

    service: str | None
    user: str | None
    name: str | None
    priority: int | None
    tags: Sequence[str]
    env: Sequence[str]
    time_limit: str | None
    max_attempts: int | None
    array: str | None = None
    begin: str | None = None
    is_held: bool = False
    key: str | None = None


def submission_of(session: Session, wishes: Wishes, staged: Staged, service: str) -> Submission:
    """Put a submission together, every option read.

    Raises:
        UsageError: for the first option that is wrong.
    """
    try:
        user_id = check_user_id(wishes.user or session.settings.user_id)
        if wishes.array:
            parse_array(wishes.array)
        begin = _begin(wishes.begin, session.now)
    except ValueError as error:
        raise UsageError(str(error)) from error
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
        key=wishes.key,
    )


def check_body(submission: Submission) -> None:
    """Refuse files that could not be sent; ``UsageError`` names all of them."""
    try:
        submission.body()
    except InvalidRequestError as error:
        raise UsageError(*error.mistakes) from error


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
    if staged.size_bytes > meta.max_upload_bytes or len(staged.files) > meta.max_files:
        raise TooLargeError(
            f"{len(staged.files)} files of {staged.size_bytes} bytes are more than the server takes"
            f" ({meta.max_files} files, {meta.max_upload_bytes} bytes)"
        )
    if service is not None:
        return service
    if len(meta.services) != 1:
        offered = ", ".join(meta.services) or "none yet"
        raise UsageError(f"which service? This server offers {offered}", hint="add --service NAME")
    return meta.services[0]


def with_command(error: UnknownServiceError) -> UnknownServiceError:
    """Add to the server's refusal what to type instead."""
    known = [str(name) for name in getattr(error, "known", ())]
    error.details["why"] = error.hint
    error.hint = f"joborch submit --service {known[0]} …" if known else "joborch agent -s NAME"
    return error


def _begin(text: str | None, now: datetime) -> datetime | None:
    return parse_moment(text, now=now, ago=False) if text else None


def _env(texts: Sequence[str]) -> dict[str, str]:
    import os

    missing = [text for text in texts if "=" not in text and text not in os.environ]
    if missing:
        raise UsageError(f"--env {missing[0]}: there is no such variable here")
    return pairs([t if "=" in t else f"{t}={os.environ[t]}" for t in texts], "--env")
