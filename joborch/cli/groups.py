"""Jobs counted by what they have in common, for ``status --group-by`` and ``retry --signature``."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from joborch.cli.exits import UsageError
from joborch.cli.selection import MOST_IDS, EmptySelectionError, parsed, select
from joborch.cli.session import Session
from joborch.cli.tables import Column
from joborch.cli.times import age, iso
from joborch.client import JobQuery, Orchestrator
from joborch.domain.selectors import Batch
from joborch.wire.groups import JobGroup, JobGroups
from joborch.wire.jobs import JobView

KINDS = ("user", "service", "state", "agent", "reason", "batch", "signature")
SIGNATURE = "signature"
CODED = {SIGNATURE: "CAUSE", "agent": "NAME"}
"""Where the key says nothing to people: the head of what does."""


def tell_groups(session: Session, by: str, selectors: Sequence[str], query: JobQuery) -> None:
    """Print how many jobs there are of each kind, of those selected or, without, those that match.

    Raises:
        UsageError: jobs cannot be grouped by that, or too many are selected.
    """
    if by not in KINDS:
        raise UsageError(f"--group-by {by!r} is not one of {', '.join(KINDS)}")
    found = session.run(lambda server: _grouped(by, selectors, query, session, server))
    session.output.table(
        _columns(by, session.now),
        found.items,
        document=found,
        ids=lambda group: group.key,
        summary=_summary(found),
    )
    if by == SIGNATURE and found.items:
        session.output.hint(f"joborch retry --signature {found.items[0].key}")


def ids_with_signature(
    session: Session, key: str, selectors: Sequence[str], query: JobQuery
) -> list[int]:
    """Return the failed jobs, of those selected or, without, those that match, with a signature.

    Raises:
        EmptySelectionError: none has it.
        UsageError: ``key`` is how several begin.
    """
    if not key:
        raise UsageError("--signature is empty", hint="joborch status --group-by signature")
    found = session.run(lambda server: _grouped(SIGNATURE, selectors, query, session, server))
    wanted = [group for group in found.items if group.key.startswith(key.lower())]
    if found.examined < found.total:
        session.output.note(f"looked at the newest {found.examined} of {found.total} failed jobs")
    if not wanted:
        raise EmptySelectionError(
            f"none of {found.examined} failed jobs has the signature {key!r}",
            hint="joborch status --group-by signature",
        )
    if len(wanted) > 1:
        keys = ", ".join(group.key for group in wanted)
        raise UsageError(f"several signatures begin with {key!r}: {keys}")
    return wanted[0].ids


async def _grouped(
    by: str,
    selectors: Sequence[str],
    query: JobQuery,
    session: Session,
    orchestrator: Orchestrator,
) -> JobGroups:
    query = replace(query, sort=None)
    match parsed(selectors):
        case []:
            pass
        case [Batch(name=name, indices=None)]:
            query = replace(query, batch=name)
        case _:
            jobs = await select(selectors, session=session, orchestrator=orchestrator)
            query = replace(query, id=_ids(jobs))
    return await orchestrator.groups(by, query)


def _ids(jobs: Sequence[JobView]) -> list[int]:
    if len(jobs) > MOST_IDS:
        raise UsageError(
            f"{len(jobs)} jobs are too many to name",
            hint="give a batch alone, or options like --state and --since",
        )
    return [job.id for job in jobs]


def _summary(found: JobGroups) -> str:
    jobs = "failed job" if found.by == SIGNATURE else "job"
    rest = f" (looked at {found.examined})" if found.examined < found.total else ""
    groups = len(found.items)
    plural = "" if found.total == 1 else "s"
    return f"{found.total} {jobs}{plural}{rest} in {groups} group{'' if groups == 1 else 's'}"


def _columns(by: str, now: datetime) -> list[Column[JobGroup]]:
    is_code = by in CODED
    columns: list[Column[JobGroup]] = [
        Column(
            name="key",
            head=by.upper(),
            text=lambda g: g.key if is_code else g.text,
            raw=lambda g: g.key,
        ),
        _number("count", "JOBS"),
        _number("last_id", "EXAMPLE"),
        _number("first_id", "FIRST", is_extra=True),
        Column(
            name="latest_at",
            head="NEWEST",
            text=lambda g: f"{age(g.latest_at, now)} ago",
            at=lambda g: g.latest_at,
            raw=lambda g: iso(g.latest_at),
            is_right=True,
        ),
    ]
    if is_code:
        columns.append(
            Column(name="text", head=CODED[by], text=lambda g: g.text, raw=lambda g: g.text)
        )
    return columns


def _number(name: str, head: str, *, is_extra: bool = False) -> Column[JobGroup]:
    return Column(
        name=name,
        head=head,
        text=lambda g: str(getattr(g, name)),
        raw=lambda g: getattr(g, name),
        is_right=True,
        is_extra=is_extra,
    )
