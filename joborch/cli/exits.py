"""How a command ends: which error is which exit code, and what is said about it.

::

    0 success          4 not allowed       8 not finished yet      13 results gone
    1 unexpected       5 unreachable      10 failed, timed out    130 interrupted
    2 usage            6 refused          11 cancelled            141 nobody reads the output
    3 not found        7 some of several  12 invalid
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from typer._click.exceptions import ClickException

from joborch.cli.options import Common
from joborch.domain import errors
from joborch.domain.text import one_line

UNEXPECTED, USAGE, NOT_FOUND, NOT_ALLOWED, UNREACHABLE, REFUSED = 1, 2, 3, 4, 5, 6
PARTIAL, NOT_FINISHED = 7, 8
FAILED, CANCELLED, INVALID, GONE = 10, 11, 12, 13
INTERRUPTED, CLOSED_PIPE = 130, 141


class UsageError(errors.InvalidRequestError):
    """The command line is wrong; nothing was done."""

    code = "usage"


class StillWaitingError(errors.JoborchError):
    """The time for waiting ran out; the jobs go on."""

    code = "still_waiting"


class PartialError(errors.JoborchError):
    """Some of several were done, and what was done stays."""

    code = "partial"


CODES: dict[type[errors.JoborchError], int] = {
    UsageError: USAGE,
    errors.SettingsError: USAGE,
    errors.NotFoundError: NOT_FOUND,
    errors.NotAllowedError: NOT_ALLOWED,
    errors.ServerUnreachableError: UNREACHABLE,
    errors.AgentUnreachableError: UNREACHABLE,
    errors.ShuttingDownError: UNREACHABLE,
    errors.RequestError: REFUSED,
    PartialError: PARTIAL,
    StillWaitingError: NOT_FINISHED,
    errors.NotFinishedError: NOT_FINISHED,
    errors.ConflictError: REFUSED,
    errors.DiskFullError: REFUSED,
    errors.ResultsGoneError: GONE,
}
"""The nearest ancestor decides."""

_BY_NAME = {"bad_settings": USAGE}
"""For errors whose modules are not to be imported here."""

MISTAKEN = (
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
"""What a local file may answer because the command line is wrong; other trouble is unexpected."""


@dataclass(slots=True)
class Outcome:
    """The exit code, once it is known."""

    code: int = 0


def code_of(error: errors.JoborchError) -> int:
    """Return the exit code for an error."""
    if error.code in _BY_NAME:
        return _BY_NAME[error.code]
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), UNEXPECTED)


@contextmanager
def boundary(given: Common) -> Iterator[None]:
    """Turn what a command raises into a report on stderr and ``typer.Exit``."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise typer.Exit(close_stdout()) from None
    except errors.JoborchError as error:
        _show_traceback_if(given.verbose)
        raise typer.Exit(_tell(error, given)) from error
    except OSError as error:
        _show_traceback_if(given.verbose)
        raise typer.Exit(_tell(_local(error), given)) from error


@contextmanager
def outermost(arguments: Sequence[str]) -> Iterator[Outcome]:
    """Turn what the parser raises, an interrupt, or a bug into an outcome."""
    outcome = Outcome()
    as_json = "--json" in arguments or os.environ.get("JOBORCH_FORMAT") == "json"
    try:
        yield outcome
    except (KeyboardInterrupt, typer.Abort):
        outcome.code = INTERRUPTED
    except errors.JoborchError as error:
        outcome.code = report(error, as_json=as_json)
    except ClickException as error:
        outcome.code = _report_usage(error, as_json=as_json)
    except Exception as error:
        if os.environ.get("JOBORCH_DEBUG"):
            raise
        bug = errors.JoborchError(
            f"joborch has a bug: {type(error).__name__}: {error}",
            hint="run it again with JOBORCH_DEBUG=1 and report what it prints",
        )
        outcome.code = report(bug, as_json=as_json)


def report(error: errors.JoborchError, *, as_json: bool) -> int:
    """Write an error to stderr, what to do about it last, and return its exit code."""
    code = code_of(error)
    text = _as_json(error, code) if as_json else "\n".join(_lines(error, code))
    sys.stderr.write(text + "\n")
    return code


def close_stdout() -> int:
    """Give up on stdout, whose reader has gone, so that nothing more is said about it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return CLOSED_PIPE


def _tell(error: errors.JoborchError, given: Common) -> int:
    if given.quiet > 1:
        return code_of(error)
    return report(error, as_json=given.chosen_format == "json")


def _lines(error: errors.JoborchError, code: int) -> Iterator[str]:
    yield f"error: {one_line(error.message)}"
    if why := error.details.get("why"):
        yield f"  why: {one_line(str(why))}"
    if error.hint:
        yield f"  fix: {one_line(error.hint)}"
    if code == UNEXPECTED and error.details.get("request_id"):
        yield f"  ref: {one_line(str(error.details['request_id']))}"


def _as_json(error: errors.JoborchError, code: int) -> str:
    details = dict(error.details)
    described = {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "request_id": details.pop("request_id", None),
        "details": details,
        "exit_code": code,
    }
    return json.dumps({"error": described}, default=str)


def _report_usage(error: ClickException, *, as_json: bool) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return USAGE
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "joborch"
    usage = UsageError(error.format_message(), hint=f"see `{command} --help`")
    return report(usage, as_json=as_json)


def as_ours(error: Exception) -> errors.JoborchError:
    """Return an error of the domain for one that may be the operating system's."""
    if isinstance(error, errors.JoborchError):
        return error
    return _local(error) if isinstance(error, OSError) else errors.JoborchError(str(error))


def _local(error: OSError) -> errors.JoborchError:
    kind = UsageError if isinstance(error, MISTAKEN) else errors.JoborchError
    where = f"{error.filename}: " if error.filename else ""
    return kind(f"{where}{error.strerror or error}")


def _show_traceback_if(verbose: int) -> None:
    if verbose >= 3:
        import traceback

        traceback.print_exc()
