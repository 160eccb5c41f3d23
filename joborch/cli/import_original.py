"""``joborch import``: take over the jobs of an original server."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from joborch.cli.options import Common
from joborch.cli.output import Output
from joborch.cli.run import run_import
from joborch.domain.text import one_line

EXAMPLES = """
joborch import --db /opt/data/db.sqlite --data /opt/data --dry-run
joborch import --db /opt/data/db.sqlite --data /opt/data --into /srv/joborch
"""


def import_original(
    *,
    db: Annotated[Path, typer.Option("--db", metavar="FILE", help="The original's database.")],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The original's files.")],
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="joborch's own; must have no jobs yet.")
    ] = Path("joborch-data"),
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Only say what there is.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Take over the jobs of an original server; it is only read, and should not run meanwhile."""
    output = Output(Common(json=json))

    doing = "reading" if dry_run else "importing"

    def show(done: int, total: int) -> None:
        output.status(f"{doing} · {done} of {total} jobs" if done < total else "")

    found = run_import(database=db, data=data, into=into, is_trial=dry_run, progress=show)
    for line in found.left_out:
        output.trouble(line)
    if found.requeued:
        output.trouble(f"{found.requeued} of them were at a client; they begin anew")
    if output.is_json:
        output.document(_document(found, into, is_trial=dry_run))
        return
    states = ", ".join(f"{count} {state}" for state, count in sorted(found.states.items()))
    verb = "would be imported" if dry_run else f"imported into {into}"
    output.line(f"{found.jobs} jobs {verb}: {states or 'none'}; {found.results} with results")
    if not dry_run:
        services = [word for name in sorted(found.services) for word in ("--service", name)]
        command = ["joborch", "serve", "--data", str(into), *services]
        output.hint(f"next: {one_line(shlex.join(command))}")


def _document(found: Any, into: Path, *, is_trial: bool) -> dict[str, Any]:
    return {
        "version": 1,
        "into": None if is_trial else str(into),
        "jobs": found.jobs,
        "states": dict(sorted(found.states.items())),
        "results": found.results,
        "requeued": found.requeued,
        "services": sorted(found.services),
        "left_out": found.left_out,
    }
