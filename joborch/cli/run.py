"""The only way from the command line to the programs that run for long; each imported late."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from joborch.domain.invariants import Audit


def run_server(flags: dict[str, Any]) -> int:
    """Be the server until told to stop; returns the exit code."""
    from joborch.server.main import main

    return main(flags)


def run_agent(flags: dict[str, Any]) -> int:
    """Be an agent until told to stop; returns the exit code."""
    from joborch.agent.main import main

    return main(flags)


def run_import(
    *,
    database: Path,
    data: Path,
    into: Path,
    is_trial: bool,
    progress: Callable[[int, int], None],
) -> Any:
    """Import an original server's jobs; ``progress`` is told how many of how many are done."""
    from joborch.server.importing.main import main

    return main(database=database, data=data, into=into, is_trial=is_trial, progress=progress)


def run_audit(flags: dict[str, Any], progress: Callable[[int, int], None]) -> Audit:
    """Audit a server's data; ``progress`` is told how many bytes of how many were hashed."""
    from joborch.server.audit.main import main

    return main(flags, progress)


def run_top(**settings: Any) -> int:
    """Show the dashboard until a person quits; returns the exit code."""
    from joborch.tui.app import main

    return main(**settings)
