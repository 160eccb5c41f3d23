"""``joborch check``: audit a server's data. Finds it as ``joborch serve`` does; changes nothing."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from joborch.cli.options import Common
from joborch.cli.output import Output
from joborch.cli.progress import Bar
from joborch.cli.run import run_audit
from joborch.cli.times import size
from joborch.domain.invariants import ELSEWHERE, STATEMENTS, Audit, Finding, Invariant
from joborch.domain.text import one_line

EXAMPLES = """
joborch check
joborch check --data /srv/joborch --config server.toml
joborch check --quick --json
"""
FOUND = 1
"""The exit code if an invariant is violated."""
DOCUMENT_VERSION = 1
SHOWN = 20
"""Findings of each kind that a person gets to see; ``--json`` has more of them."""


def check(
    *,
    data: Annotated[str | None, typer.Option("--data", metavar="DIR", help="The server's.")] = None,
    db: Annotated[str | None, typer.Option("--db", metavar="PATH", help="The database.")] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="The server's.")
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option("-s", "--service", metavar="NAME[:OPTIONS]", help="Whose quotas to look at."),
    ] = None,
    max_age: Annotated[
        str | None, typer.Option("--max-age", metavar="DUR", help="How long results are kept.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Hash no file, and compare no index of the database.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Audit a server's data."""
    flags = {
        "data": data,
        "db": db,
        "config": config,
        "service": service or None,
        "max_age": max_age,
        "quick": quick,
    }
    output = Output(Common(json=json))
    with Bar(output, "checking results") as bar:
        audit = run_audit(flags, bar.move)
    if output.is_json:
        output.document(document_of(audit))
    else:
        for line in _lines(audit):
            output.line(line)
    raise typer.Exit(0 if audit.is_clean else FOUND)


def document_of(audit: Audit) -> dict[str, Any]:
    """Return an audit as ``docs/operations.md`` describes it."""
    return {
        "version": DOCUMENT_VERSION,
        "data": str(audit.data),
        "database": str(audit.database),
        "server": audit.server,
        "ok": audit.is_clean,
        "counts": asdict(audit.counts),
        "invariants": [
            {
                "id": invariant,
                "statement": statement,
                "violations": audit.found[invariant],
                "unseen": audit.unseen.get(invariant),
            }
            for invariant, statement in STATEMENTS.items()
        ],
        "violations": [_plain(finding) for finding in audit.violations],
        "notes": [_plain(finding) for finding in audit.notes],
    }


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "invariant": finding.invariant,
        "job_id": finding.job_id,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _lines(audit: Audit) -> Iterator[str]:
    counts = audit.counts
    hashed = f" ({size(counts.hashed_bytes)} hashed)" if counts.hashed_bytes else ""
    yield (
        f"{audit.data}: {counts.jobs} jobs, {counts.unfinished} of them unfinished,"
        f" {counts.events} events, {counts.payloads} payloads, {counts.archives} archives{hashed}"
    )
    if audit.server:
        yield f"in use by {one_line(audit.server)}; what it is just doing was left out"
    for invariant, statement in STATEMENTS.items():
        yield f"{invariant:4}{_verdict(audit, invariant):12}{statement}"
        if reserve := _reserve(audit, invariant):
            yield f"{'':16}{reserve}"
    for invariant in Invariant:
        yield from _described(audit.violations, invariant, audit.found[invariant])
    for invariant in Invariant:
        noted = [note for note in audit.notes if note.invariant is invariant]
        yield from _described(noted, invariant, len(noted), word="note ")


def _verdict(audit: Audit, invariant: Invariant) -> str:
    if count := audit.found[invariant]:
        return f"{count} found"
    if invariant in ELSEWHERE:
        return "not seen"
    return "in part" if invariant in audit.unseen else "ok"


def _reserve(audit: Audit, invariant: Invariant) -> str:
    """Return what a verdict leaves open."""
    if invariant is Invariant.I11 and audit.counts.unfinished:
        return f"{audit.counts.unfinished} have not yet"
    return audit.unseen.get(invariant, "")


def _described(
    findings: list[Finding], invariant: Invariant, count: int, *, word: str = ""
) -> Iterator[str]:
    """Tell the first of an invariant's findings, what to do about them once for all alike."""
    shown = [finding for finding in findings if finding.invariant is invariant][:SHOWN]
    remedy = ""
    for finding in shown:
        if finding.remedy != remedy and remedy:
            yield f"  fix: {remedy}"
        remedy = finding.remedy
        yield f"{word}{invariant} {one_line(str(finding))}"
    if remedy:
        yield f"  fix: {remedy}"
    if count > len(shown):
        yield f"  and {count - len(shown)} more of {invariant}"
