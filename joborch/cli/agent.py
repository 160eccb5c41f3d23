"""``joborch agent``: run jobs on this host. Its flags are the agent's settings, as texts."""

from typing import Annotated

import typer

from joborch.cli.run import run_agent

EXAMPLES = """
joborch agent --server http://orchestrator:5000 --service example:4
joborch agent -s example -s haddock:1 --label gpu=no --work-dir /scratch/joborch
joborch agent --listen 0.0.0.0:9000
joborch agent -s example:2 --once
joborch agent -s example:20 --backend seed --client http://compute:9000
"""


def agent(
    *,
    server: Annotated[
        str | None, typer.Option("-S", "--server", metavar="URL", help="Whose jobs to run.")
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option("-s", "--service", metavar="NAME[:SLOTS]", help="What it offers."),
    ] = None,
    slots: Annotated[
        str | None, typer.Option("--slots", metavar="N", help="Jobs at a time, in all.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Default: the host's.")] = None,
    backend: Annotated[
        str | None, typer.Option("--backend", metavar="local|seed", help="What runs the jobs.")
    ] = None,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="URL", help="Of seed: the original's client."),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help="Serve the original's servers there."),
    ] = None,
    listen_slots: Annotated[
        str | None, typer.Option("--listen-slots", metavar="N", help="Jobs of theirs at a time.")
    ] = None,
    listen_max_age: Annotated[
        str | None,
        typer.Option("--listen-max-age", metavar="DUR", help="How long their results are kept."),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="K=V", help="What jobs may ask for.")
    ] = None,
    work_dir: Annotated[
        str | None, typer.Option("--work-dir", metavar="DIR", help="Where jobs run.")
    ] = None,
    grace: Annotated[
        str | None, typer.Option("--grace", metavar="DUR", help="Between SIGTERM and SIGKILL.")
    ] = None,
    drain: Annotated[
        bool, typer.Option("--drain", help="On SIGTERM, wait for the jobs; a second one leaves.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Take what waits, run it to its end, and leave.")
    ] = False,
    until_eof: Annotated[
        bool, typer.Option("--until-eof", help="Leave when standard input ends.")
    ] = False,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="DUR", help="Keep directories of ended jobs.")
    ] = None,
    max_results: Annotated[
        str | None, typer.Option("--max-results", metavar="SIZE", help="Most that a job may leave.")
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="Settings in TOML.")
    ] = None,
    log_format: Annotated[
        str | None, typer.Option("--log-format", metavar="auto|console|json", help="Of stderr.")
    ] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")] = False,
) -> None:
    """Run jobs on this host."""
    flags = {
        "server": server,
        "service": service or None,
        "slots": slots,
        "name": name,
        "backend": backend,
        "client": client,
        "listen": listen,
        "listen_slots": listen_slots,
        "listen_max_age": listen_max_age,
        "label": label or None,
        "work_dir": work_dir,
        "grace": grace,
        "drain": drain or None,
        "once": once or None,
        "until_eof": until_eof or None,
        "keep": keep,
        "max_results": max_results,
        "config": config,
        "log_format": log_format,
        "verbose": verbose or None,
    }
    raise typer.Exit(run_agent(flags))
