"""One client command at work: its settings, its output, and its connection to the server."""

import gc
import os
import sys
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import typer

from joborch.cli.chosen import settings_of
from joborch.cli.exits import UsageError
from joborch.cli.options import Common
from joborch.cli.output import Output
from joborch.cli.times import Times
from joborch.client import Orchestrator
from joborch.domain.durations import parse_duration
from joborch.domain.errors import NotAllowedError, ReadOnlyError, ServerUnreachableError

T = TypeVar("T")


class Session:
    """What every client command needs; made from the command's context."""

    def __init__(
        self,
        options: Common,
        *,
        has_own_timeout: bool = False,
        fields: Collection[str] | None = None,
    ) -> None:
        """Read the settings; nothing is opened.

        With ``has_own_timeout`` the option ``--timeout`` is not about single requests. ``fields``
        are those that ``--fields`` may name, of a command that cannot wait for what it prints.
        """
        gc.disable()  # a short life: collecting garbage costs more than it frees
        self.options = options
        self.now = datetime.now(UTC)
        self.settings = settings_of(options, has_own_timeout=has_own_timeout)
        self.times = Times(form=self.settings.time_format, now=self.now)
        self.output = Output(
            options, fields=fields, times=self.times, has_hints=self.settings.has_hints
        )
        for warning in self.settings.warnings:
            self.output.note(f"warning: {warning}")
        if options.verbose:
            _log_requests(with_headers=options.verbose > 1)

    @classmethod
    def of(
        cls,
        context: typer.Context,
        *,
        has_own_timeout: bool = False,
        fields: Collection[str] | None = None,
    ) -> "Session":
        """Make the session of the command that runs in this context."""
        options = context.obj if isinstance(context.obj, Common) else Common()
        return cls(options, has_own_timeout=has_own_timeout, fields=fields)

    @property
    def may_ask(self) -> bool:
        """Whether there is a person to answer a question."""
        is_silent = self.options.no_input or any(map(os.environ.get, ("JOBORCH_NO_INPUT", "CI")))
        return not is_silent and sys.stdin.isatty() and sys.stderr.isatty()

    def run(self, work: Callable[[Orchestrator], Awaitable[T]]) -> T:
        """Connect, do the work, disconnect."""
        import asyncio  # it takes long to load, and who asks for help needs none

        try:
            return asyncio.run(self._connected(work))
        except ServerUnreachableError as error:
            if not self.settings.has_named_server:
                error.details["why"] = (
                    "no --server, JOBORCH_SERVER or profile is set, so the default was used"
                )
            raise
        except NotAllowedError as error:
            error.details.setdefault("why", self._told_about_token())
            error.hint = error.hint or f"joborch login --server {self.settings.server}"
            raise
        except ReadOnlyError as error:
            error.details["why"] = f"readonly is set: {self.settings.known['readonly'].origin}"
            error.hint = "add --write to do it nevertheless"
            raise

    def connect(self, *, token: str | None = None) -> Orchestrator:
        """Return the server, as the settings name it; with another token to try that."""
        settings = self.settings
        stored = settings.token.text if settings.token else None
        return Orchestrator(
            settings.server,
            timeout=settings.timeout,
            token=token or stored,
            is_read_only=settings.is_read_only and not self.options.write,
        )

    def confirm(
        self,
        question: str,
        *,
        is_yes: bool,
        typed: str | None = None,
        called: str = "its name",
        why: str | None = None,
    ) -> None:
        """Ask, unless the answer was given; return only if it is yes, or what is to be typed.

        ``called`` says what that is, and ``why`` why there is a question at all.

        Raises:
            UsageError: if there is nobody to ask.
        """
        if is_yes:
            return
        if not self.may_ask:
            error = UsageError(f"{question} There is nobody here to ask", hint="add --yes")
            error.details |= {"why": why} if why else {}
            raise error
        wanted = {"y", "yes"} if typed is None else {typed}
        sys.stderr.write(f"{question} [{'y/N' if typed is None else f'type {called}'}] ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip()
        if (answer.lower() if typed is None else answer) not in wanted:
            self.output.note("Nothing was done.")
            raise typer.Exit(1)

    async def _connected(self, work: Callable[[Orchestrator], Awaitable[T]]) -> T:
        async with self.connect() as orchestrator:
            return await work(orchestrator)

    def _told_about_token(self) -> str:
        token = self.settings.token
        return f"the token was refused: {token.origin}" if token else "no token was sent"


def duration(text: str | None, option: str) -> timedelta | None:
    """Read an option's duration; ``UsageError`` names the option."""
    if text is None:
        return None
    if text in {"0", "0s"}:
        return timedelta(0)
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is {error}") from error


def pairs(texts: list[str], option: str) -> dict[str, str]:
    """Read a repeated ``KEY=VALUE`` option."""
    if wrong := [text for text in texts if not text.partition("=")[0] or "=" not in text]:
        raise UsageError(f"{option} {wrong[0]!r} is not KEY=VALUE")
    return {key: value for key, _, value in (text.partition("=") for text in texts)}


def _log_requests(*, with_headers: bool) -> None:
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(relativeCreated)5d ms  %(message)s %(call)s"))
    logger = logging.getLogger("joborch.client.transport")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.getChild("headers").setLevel(logging.DEBUG if with_headers else logging.WARNING)
