from datetime import timedelta
from pathlib import Path

import pytest

from joborch.client import ClientSettings, load_settings
from joborch.domain.errors import SettingsError

FILE = """
[defaults]
profile = "home"
service = "example"
timeout = "10s"

[profile.home]
server = "http://home:5000"
user = "1"

[profile.work]
server = "https://work.example.org"
service = "haddock"
"""


def test_without_anything_the_server_is_local_and_the_user_the_login(tmp_path: Path) -> None:
    settings = loaded(tmp_path)

    assert settings == ClientSettings(server="http://127.0.0.1:5000", user_id="ada")
    assert not settings.has_named_server


def test_the_defaults_profile_is_used(tmp_path: Path) -> None:
    write(tmp_path, FILE)

    settings = loaded(tmp_path)

    assert (settings.server, settings.user_id) == ("http://home:5000", "1")
    assert (settings.service, settings.timeout) == ("example", timedelta(seconds=10))


def test_a_named_profile_wins_over_the_defaults(tmp_path: Path) -> None:
    write(tmp_path, FILE)

    settings = loaded(tmp_path, profile="work")

    assert (settings.server, settings.service) == ("https://work.example.org", "haddock")
    assert settings.user_id == "ada"


def test_the_environment_wins_over_the_file_and_a_flag_over_both(tmp_path: Path) -> None:
    write(tmp_path, FILE)
    env = {"JOBORCH_SERVER": "http://env:1", "JOBORCH_USER_ID": "2", "JOBORCH_PROFILE": "work"}

    settings = loaded(tmp_path, env=env, flags={"server": "http://flag:2"})

    assert (settings.server, settings.user_id) == ("http://flag:2", "2")
    assert settings.service == "haddock"


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, env={"JOBORCH_SERVER": ""}).server == "http://127.0.0.1:5000"


def test_a_profile_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, FILE)

    with pytest.raises(SettingsError, match=r"no profile 'wrok'.*home, work"):
        loaded(tmp_path, profile="wrok")


def test_a_named_file_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_settings(env={}, config=tmp_path / "none.toml")


def test_a_broken_file_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "[defaults")

    with pytest.raises(SettingsError, match="cannot be read"):
        loaded(tmp_path)


def test_an_unknown_key_is_a_warning_with_the_nearest_name(tmp_path: Path) -> None:
    write(tmp_path, '[defaults]\nservise = "example"\n')

    (warning,) = loaded(tmp_path).warnings

    assert "unknown key 'servise'; is 'service' meant?" in warning


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    env = {"JOBORCH_SERVER": "orch:5000", "JOBORCH_USER_ID": "a b", "JOBORCH_TIMEOUT": "soon"}

    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, env=env)

    assert len(caught.value.mistakes) == 3


def write(home: Path, text: str) -> None:
    path = home / ".config" / "joborch" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def loaded(
    home: Path,
    *,
    env: dict[str, str] | None = None,
    flags: dict[str, str | None] | None = None,
    profile: str | None = None,
) -> ClientSettings:
    surroundings = {"HOME": str(home), "LOGNAME": "ada", **(env or {})}
    surroundings["JOBORCH_SITE_CONFIG"] = str(home / "site.toml")
    return load_settings(flags=flags, env=surroundings, profile=profile)
