"""The only way from the command line to the programs that run for long; each imported late."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joborch.cli.exits import UsageError
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


def warm_up_top() -> None:
    """Load the dashboard, for who has time now and none later."""
    import joborch.tui.app  # noqa: F401 - loading it is the purpose


def run_top(**settings: Any) -> int:
    """Show the dashboard until a person quits; returns the exit code."""
    from joborch.tui.app import main

    return main(**settings)


def run_top_once(**settings: Any) -> str:
    """Return one frame of the dashboard, as text."""
    from joborch.tui.once import main

    with _filter_understood():
        return main(**settings)


def run_top_plain(**settings: Any) -> int:
    """Tell what changes until interrupted; returns the exit code."""
    from joborch.tui.plain import main

    with _filter_understood():
        return main(**settings)


def run_top_in_browser(**settings: Any) -> int:
    """Serve the dashboard to browsers until interrupted; returns the exit code."""
    try:
        from joborch.tui.web import main
    except ModuleNotFoundError as error:
        raise UsageError(
            f"joborch top --web needs {error.name}, which is not installed",
            hint="pip install 'joborch[web]'",
        ) from error
    return main(**settings)


def run_top_behind_page(**settings: Any) -> int:
    """Show the dashboard to the process that serves it; returns the exit code."""
    from joborch.tui.web_child import main

    return main(**settings)


@contextmanager
def _filter_understood() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UsageError(f"--filter: {error}") from error
