"""Commands start quickly because they load little: no server, no dashboard, no pydantic."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

HEAVY = {"litestar", "sqlalchemy", "sqlmodel", "uvicorn", "textual", "pydantic", "alembic"}

PROBE = """
import json, sys
sys.argv = {argv!r}
status = 0
try:
    {statement}
except SystemExit as exit:
    status = exit.code or 0
loaded = sorted({{name.partition(".")[0] for name in sys.modules}})
print(json.dumps([status, loaded]), file=sys.stderr)
"""

RUN = "from joborch.cli.main import run; run()"

WALK_THE_RUNNER = (
    "import importlib, pkgutil, joborch.agent.runner as runner; "
    "[importlib.import_module(each.name)"
    " for each in pkgutil.walk_packages(runner.__path__, 'joborch.agent.runner.')]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a fresh interpreter had done when it was about to end."""

    status: int | str
    loaded: set[str]
    """Top-level names of all modules in memory."""
    stdout: str


def start(statement: str, *arguments: str) -> Start:
    probe = PROBE.format(statement=statement, argv=["joborch", *arguments])
    finished = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=30, check=False
    )
    assert finished.returncode == 0, finished.stderr
    status, loaded = json.loads(finished.stderr.splitlines()[-1])
    return Start(status=status, loaded=set(loaded), stdout=finished.stdout)


@pytest.mark.parametrize("command", [[], ["submit"], ["status"], ["fetch"]])
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    started = start(RUN, *command, "--help")
    assert started.status == 0
    assert "Usage" in started.stdout
    assert started.loaded & HEAVY == set()


def test_the_runner_loads_the_standard_library_only() -> None:
    started = start(WALK_THE_RUNNER)
    assert "joborch" in started.loaded
    before = start("pass").loaded
    third_party = started.loaded - before - sys.stdlib_module_names - {"joborch"}
    assert third_party == set()


def test_the_probe_sees_what_is_loaded() -> None:
    started = start("import sqlalchemy.orm; raise SystemExit(3)")
    assert started.status == 3
    assert started.loaded & HEAVY == {"sqlalchemy"}
