"""Commands start quickly because they load little: no server, no dashboard, no pydantic."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from joborch.cli.exits import UNREACHABLE

HTTP = {"httpcore", "httpx"}
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
def test_help_loads_nothing_heavy_and_no_http(command: list[str]) -> None:
    started = start(RUN, *command, "--help")
    assert started.status == 0
    assert "Usage" in started.stdout
    assert started.loaded & (HEAVY | HTTP) == set()


def test_help_of_a_reading_command_loads_no_event_loop() -> None:
    assert start(RUN, "status", "--help").loaded & {"asyncio", "ssl"} == set()


def test_a_reading_command_loads_what_it_asks_with_and_no_more(tmp_path: Path) -> None:
    command = ["--server", "http://127.0.0.1:9", "--config", str(tmp_path / "config.toml")]
    (tmp_path / "config.toml").touch()

    started = start(RUN, *command, "status")

    assert started.status == UNREACHABLE
    assert started.loaded & (HEAVY | {"rich", "click"}) == set()
    assert "httpx" in started.loaded


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
