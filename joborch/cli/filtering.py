"""The option ``--filter``: which of the jobs, in the words of ``domain/filters.py``."""

from typing import Annotated

import typer

from joborch.cli.exits import UsageError
from joborch.cli.session import Session
from joborch.client import JobQuery
from joborch.domain.filters import EVERYTHING, Filter, parse_filter

Where = Annotated[
    str | None,
    typer.Option("-F", "--filter", metavar="EXPR", help="Those that pass: 'state:bad age<2h'."),
]
NAMING = frozenset({"user", "batch", "id"})


def wanted_by(where: str | None, session: Session) -> Filter:
    """Read the option.

    Raises:
        UsageError: it is no filter, or one that everything passes.
    """
    if where is None:
        return EVERYTHING
    try:
        wanted = parse_filter(where, me=session.settings.user_id)
    except ValueError as error:
        raise UsageError(f"--filter: {error}") from error
    if wanted == EVERYTHING:
        raise UsageError("--filter is empty")
    return wanted


def says_whose(wanted: Filter) -> bool:
    """Whether it says itself which jobs are meant, so that it is not only about one's own."""
    return any(term.key in NAMING and not term.is_negated for term in wanted.terms)


def passing(wanted: Filter, session: Session) -> JobQuery:
    """Ask for all jobs that pass, or for those of one's own."""
    user = None if says_whose(wanted) else session.settings.user_id
    return JobQuery(q=str(wanted), user=user, sort="id")
