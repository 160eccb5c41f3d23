"""``joborch serve``: run the server. Its flags are the server's settings, as texts."""

from typing import Annotated

import typer

from joborch.cli.run import run_server

EXAMPLES = """
joborch serve
joborch serve --service example:per_user=5,max=10 --agent
joborch serve --host 0.0.0.0 --port 8080 --data /srv/joborch --config server.toml
"""


def serve(
    *,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[str | None, typer.Option("--port", help="0 takes a free one.")] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="DIR", help="Where all is kept.")
    ] = None,
    db: Annotated[str | None, typer.Option("--db", metavar="PATH", help="The database.")] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="Settings in TOML.")
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option("-s", "--service", metavar="NAME[:OPTIONS]", help="E.g. example:per_user=5."),
    ] = None,
    max_age: Annotated[
        str | None, typer.Option("--max-age", metavar="DUR", help="How long results are kept.")
    ] = None,
    max_upload: Annotated[
        str | None,
        typer.Option("--max-upload", metavar="SIZE", help="Most that a submission may be."),
    ] = None,
    max_files: Annotated[
        str | None, typer.Option("--max-files", metavar="N", help="Most parts of a submission.")
    ] = None,
    compat: Annotated[
        str | None, typer.Option("--compat", metavar="v1|v2", help="Imitated generation.")
    ] = None,
    log_format: Annotated[
        str | None, typer.Option("--log-format", metavar="auto|console|json", help="Of stderr.")
    ] = None,
    reserve: Annotated[
        str | None, typer.Option("--reserve", metavar="SIZE", help="Disk that is to stay free.")
    ] = None,
    poll_s: Annotated[
        str | None, typer.Option("--poll-s", metavar="DUR", help="How long polls are held.")
    ] = None,
    no_swagger: Annotated[
        bool, typer.Option("--no-swagger", help="No page about the API at /swagger-ui/.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only check the settings.")] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Only print the settings.")
    ] = False,
    agent: Annotated[bool, typer.Option("--agent", help="Run jobs here too.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")] = False,
) -> None:
    """Run the server."""
    flags = {
        "host": host,
        "port": port,
        "data": data,
        "db": db,
        "config": config,
        "service": service or None,
        "max_age": max_age,
        "max_upload": max_upload,
        "max_files": max_files,
        "compat": compat,
        "log_format": log_format,
        "reserve": reserve,
        "poll_s": poll_s,
        "no_swagger": no_swagger or None,
        "check": check or None,
        "print_config": print_config or None,
        "agent": agent or None,
        "verbose": verbose or None,
    }
    raise typer.Exit(run_server(flags))
