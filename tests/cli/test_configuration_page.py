"""docs/configuration.md has every setting and every variable, and what it shows works."""

import re
import shlex
from pathlib import Path

import pytest

from joborch.cli.commands import COMMANDS
from joborch.cli.main import load
from joborch.client import load_settings
from joborch.client.config_file import KEYS, ConfigFile
from joborch.client.places import SITE_CONFIG
from joborch.client.settings import DEFAULT_SERVER

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text()
SETTINGS, ENVIRONMENT = (
    PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    for title in ("Settings", "The environment")
)
OF_JOBS = {
    f"JOBORCH_{name}"
    for name in (
        *("JOB_ID", "BATCH_ID", "ARRAY_INDEX", "ARRAY_COUNT", "ITEM"),
        *("USER_ID", "SERVICE", "ATTEMPT", "AGENT", "SLOTS", "WORKDIR"),
    )
}
SHOWN = re.findall(r"^(?:.*\| )?joborch ((?:config|login|logout)\b[^|\n]*)$", PAGE, re.MULTILINE)


def first_cells(table: str) -> list[str]:
    return [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| `")]


def variables_in_the_sources() -> set[str]:
    sources = [
        path for part in ("cli", "client") for path in (ROOT / "joborch" / part).rglob("*.py")
    ]
    return {
        name for path in sources for name in re.findall(r"\bJOBORCH_[A-Z_]+[A-Z]", path.read_text())
    }


def test_every_setting_has_its_row_and_no_other() -> None:
    assert first_cells(SETTINGS) == [f"`{key}`" for key in KEYS]


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_read_from_the_variable_of_its_row(key: str) -> None:
    [row] = [line for line in SETTINGS.splitlines() if line.startswith(f"| `{key}` ")]
    variable, default = (row.split("|")[column].strip() for column in (2, 4))
    values = {"server": "http://x", "user_id": "me", "timeout": "7s", "readonly": "true"}
    values |= {"time_format": "iso", "hints": "false"}
    env = {"HOME": "/nowhere", "LOGNAME": "ada", "JOBORCH_SITE_CONFIG": "/nowhere"}
    text = values.get(key, "example")

    told = load_settings(env=env | {variable.strip("`"): text}).known[key]
    untold = load_settings(env=env).known.get(key)

    assert (told.text, told.origin) == (text, variable.strip("`"))
    assert untold is None or untold.origin == "login name" or f"`{untold.text}`" == default


def test_every_variable_of_the_program_is_on_the_page_and_no_other_of_its_name() -> None:
    told = set(re.findall(r"`(JOBORCH_[A-Z_]+)`", ENVIRONMENT))
    used = variables_in_the_sources() | {f"JOBORCH_{key.upper()}" for key in KEYS}

    assert told - used == set()
    assert used - OF_JOBS - told == set()


def test_the_defaults_of_the_page_are_those_of_the_program() -> None:
    assert f"`{SITE_CONFIG}`" in PAGE
    assert f"`{DEFAULT_SERVER}`" in PAGE


def test_the_file_of_the_page_is_understood(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert example
    path = tmp_path / "config.toml"
    path.write_text(example[1])

    settings = load_settings(env={"LOGNAME": "ada"}, config=path)

    assert (settings.profile, settings.server) == ("prod", "https://orch.example.org")
    assert settings.is_read_only
    assert settings.warnings == ()
    assert ConfigFile.read(path).aliases == {"mine": "status --state active"}


@pytest.mark.parametrize("shown", SHOWN)
def test_every_command_of_the_page_is_understood(shown: str) -> None:
    name, *words = shlex.split(shown)

    assert load(name, COMMANDS[name]).make_context(name, words).params


def test_the_page_has_commands() -> None:
    assert len(SHOWN) > 10
