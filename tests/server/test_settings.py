from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from joborch.domain.quotas import Limits
from joborch.domain.services import Service
from joborch.process.settings import SettingsError
from joborch.server.service_settings import SeedClient
from joborch.server.settings import ServerSettings, load_settings, print_config

ROOT = Path(__file__).parents[2]


def test_without_anything_the_defaults_hold() -> None:
    settings = load_settings({}, {}, None)

    assert settings == ServerSettings()
    assert settings.port == 5000
    assert settings.db_path == Path("joborch-data/joborch.db")


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("PORT", "5001", "port", 5001),
        ("DATA_PATH", "/data", "data", Path("/data")),
        ("DB_PATH", "/db/x.db", "db", Path("/db/x.db")),
        ("DB_PATH", "sqlite:////db/x.db", "db", Path("/db/x.db")),
        ("MAX_AGE", "864000", "max_age", timedelta(days=10)),
        ("MAX_AGE", "2d", "max_age", timedelta(days=2)),
        ("JOBORCH_MAX_UPLOAD", "2G", "max_upload", 2 * 1024**3),
        ("JOBORCH_COMPAT", "v2", "compat", "v2"),
        ("JOBORCH_POLL_S", "1.5", "poll_s", 1.5),
        ("JOBORCH_VERBOSE", "yes", "verbose", True),
    ],
)
def test_a_variable_is_read(variable: str, text: str, field: str, value: object) -> None:
    settings = load_settings({}, {variable: text}, None)

    assert getattr(settings, field) == value


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('port = 1\nhost = "h"\nmax_files = 3\n')

    settings = load_settings(
        {"port": 3, "max_files": None}, {"PORT": "2", "JOBORCH_HOST": "e"}, path
    )

    assert (settings.port, settings.host, settings.max_files) == (3, "e", 3)


def test_services_are_merged_option_by_option(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('[services.dock]\nper_user = 1\nmax = 2\ntime_limit = "1h"\n[services.align]\n')
    env = {"SERVICE_DOCK_MAX_RUNS": "7", "SERVICE_DOCK_RUNS_PER_USER": "6"}

    settings = load_settings({"service": ["dock:per_user=5", "fold"]}, env, path)

    assert settings.services == (
        Service(name="align"),
        Service(name="dock", limits=Limits(per_user=5, total=7), time_limit=timedelta(hours=1)),
        Service(name="fold"),
    )


def test_the_originals_variables_declare_a_service_and_its_client() -> None:
    env = {
        "SERVICE_MY_TOOL_UPLOAD_URL": "http://c:9000/submit",
        "SERVICE_MY_TOOL_DOWNLOAD_URL": "http://c:9000/retrieve",
        "SERVICE_OTHER_TERMINATE_URL": "",
    }

    settings = load_settings({}, env, None)

    assert settings.services == (Service(name="my_tool"),)
    assert settings.seed_clients == {
        "my_tool": SeedClient(
            upload_url="http://c:9000/submit", download_url="http://c:9000/retrieve"
        )
    }


def test_every_mistake_is_named_with_its_source(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('prot = 1\nhost = ["x"]\n[services.a]\nper_usr = 1\n')
    env = {
        "PORT": "no",
        "SERVICE_B_MAX_RUNS": "-1",
        "SERVICE_B_UPLOAD_URL": "ftp://x/y",
        "SERVICE_C_TERMINATE_URL": "http://h/kill",
    }

    with pytest.raises(SettingsError) as caught:
        load_settings({"service": ["c:max=x", "D"], "compat": "v3"}, env, path)

    expected = [
        "services.a.per_usr: service a: no option 'per_usr'",
        "SERVICE_B_MAX_RUNS: service b: max='-1'",
        "SERVICE_B_UPLOAD_URL: 'ftp://x/y' is not a URL like",
        "SERVICE_B_DOWNLOAD_URL is missing",
        "SERVICE_C_UPLOAD_URL is missing",
        "--service c:max=x: service c: max='x'",
        "'D' is no name for a service",
        "--compat='v3': not one of v1, v2",
        "prot: no such setting; port?",
        "host: a single value is needed",
        "PORT='no': not a whole number from 0 to 65535",
    ]
    text = str(caught.value)
    assert [part for part in expected if part not in text] == []


def test_what_is_printed_gives_the_same_settings_again(tmp_path: Path) -> None:
    env = {
        "SERVICE_A_UPLOAD_URL": "http://c/submit",
        "SERVICE_A_DOWNLOAD_URL": "http://c/retrieve",
        "DB_PATH": '/d/"x".db',
        "MAX_AGE": "90.5",
    }
    settings = load_settings({"service": ["b.c:max=1,time_limit=90"]}, env, None)
    path = tmp_path / "printed.toml"
    path.write_text(print_config(settings))

    assert load_settings({}, {}, path) == settings


def test_the_example_is_a_valid_file_with_every_setting_in_it() -> None:
    path = ROOT / "example" / "server.toml"

    settings = load_settings({}, {}, path)

    assert [service.name for service in settings.services] == ["contacts", "example"]
    text = path.read_text()
    named = [field.name for field in fields(ServerSettings) if f"{field.name} = " in text]
    assert named == [
        field.name
        for field in fields(ServerSettings)
        if field.name not in {"services", "seed_clients"}
    ]


def test_the_reference_names_every_setting_with_its_variables_and_default() -> None:
    rows = {
        cells[1].strip("` "): cells[2:]
        for line in (ROOT / "docs" / "operations.md").read_text().splitlines()
        if (cells := [cell.strip() for cell in line.split("|")])[1:2] and cells[1].startswith("`")
    }
    missing = []
    for field in fields(ServerSettings):
        if field.name in {"services", "seed_clients"}:
            continue
        flag, variables, _default, text = rows.get(field.name, ("", "", "", ""))[:4]
        wanted = [f"`JOBORCH_{field.name.upper()}`", *(f"`{v}`" for v in field.metadata["env"])]
        is_right = flag == f"`--{field.name.replace('_', '-')}`"
        is_right = is_right and variables == ", ".join(wanted) and text == field.metadata["doc"]
        if not is_right:
            missing.append(field.name)
    assert missing == []
