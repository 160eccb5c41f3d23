"""``joborch agent``: run jobs on this host. Its flags are the agent's settings, as texts."""

from typing import Annotated

import typer

from joborch.cli.run import run_agent

EXAMPLES = """
joborch agent --server http://orchestrator:5000 --service example:4
joborch agent -s example -s haddock:1 --label gpu=no --work-dir /scratch/joborch
"""


def agent(
    *,
    server: Annotated[str | None, typer.Option("-S", "--server", metavar="URL")] = None,
    service: Annotated[
        list[str] | None,
        typer.Option("-s", "--service", metavar="NAME[:SLOTS]", help="What it offers."),
    ] = None,
    slots: Annotated[
        str | None, typer.Option("--slots", metavar="N", help="Jobs at a time, in all.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Default: the host's.")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="K=V", help="What jobs may ask for.")
    ] = None,
    work_dir: Annotated[str | None, typer.Option("--work-dir", metavar="DIR")] = None,
    grace: Annotated[
        str | None, typer.Option("--grace", metavar="DUR", help="Between SIGTERM and SIGKILL.")
    ] = None,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="DUR", help="Keep directories of ended jobs.")
    ] = None,
    config: Annotated[str | None, typer.Option("--config", metavar="FILE")] = None,
    log_format: Annotated[
        str | None, typer.Option("--log-format", metavar="auto|console|json")
    ] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose")] = False,
) -> None:
    """Run jobs on this host."""
    flags = {
        "server": server,
        "service": service or None,
        "slots": slots,
        "name": name,
        "label": label or None,
        "work_dir": work_dir,
        "grace": grace,
        "keep": keep,
        "config": config,
        "log_format": log_format,
        "verbose": verbose or None,
    }
    raise typer.Exit(run_agent(flags))
