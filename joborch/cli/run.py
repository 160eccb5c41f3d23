"""The only way from the command line to the programs that run for long; each imported late."""

from typing import Any


def run_server(flags: dict[str, Any]) -> int:
    """Be the server until told to stop; returns the exit code."""
    from joborch.server.main import main

    return main(flags)


def run_agent(flags: dict[str, Any]) -> int:
    """Be an agent until told to stop; returns the exit code."""
    from joborch.agent.main import main

    return main(flags)
