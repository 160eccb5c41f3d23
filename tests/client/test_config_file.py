"""Two configuration files, and what people write into them by mistake."""

from pathlib import Path

import pytest

from joborch.client import ClientSettings, load_settings
from joborch.domain.errors import SettingsError

SITE = """
[defaults]
service = "of-the-site"
timeout = "7s"

[profile.prod]
server = "http://of-the-site:5000"
user_id = "site"
"""
OWN = """
[defaults]
profile = "prod"
service = "my-own"
server = "http://my-own:5000"

[profile.prod]
user_id = "me"
"""


def test_a_profile_may_be_written_in_both_files_and_wins_over_all_defaults(tmp_path: Path) -> None:
    settings = loaded(tmp_path, own=OWN, site=SITE)

    assert settings.profile == "prod"
    assert settings.user_id == "me"
    assert settings.server == "http://of-the-site:5000"
    assert settings.service == "my-own"
    assert settings.timeout.total_seconds() == 7


def test_of_each_setting_it_is_known_where_it_comes_from(tmp_path: Path) -> None:
    known = loaded(tmp_path, own=OWN, site=SITE).known

    own, site = tmp_path / "own" / "joborch" / "config.toml", tmp_path / "site.toml"
    assert {key: one.origin for key, one in known.items()} == {
        "profile": f"[defaults] in {own}",
        "user_id": f"[profile.prod] in {own}",
        "server": f"[profile.prod] in {site}",
        "service": f"[defaults] in {own}",
        "timeout": f"[defaults] in {site}",
        "readonly": "built-in",
        "time_format": "built-in",
        "hints": "built-in",
    }


def test_a_file_that_is_named_stands_alone(tmp_path: Path) -> None:
    named = tmp_path / "named.toml"
    named.write_text('[defaults]\nservice = "named"\n')
    env = surroundings(tmp_path, own=OWN, site=SITE)

    by_option = load_settings(env=env, config=named)
    by_variable = load_settings(env=env | {"JOBORCH_CONFIG": str(named)})

    assert by_option == by_variable
    assert (by_option.service, by_option.server) == ("named", "http://127.0.0.1:5000")


def test_numbers_and_truths_may_stand_without_quotes(tmp_path: Path) -> None:
    settings = loaded(tmp_path, own="[defaults]\nuser = 1\ntimeout = 2.5\nreadonly = true\n")

    assert (settings.user_id, settings.timeout.total_seconds()) == ("1", 2.5)
    assert settings.is_read_only


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('profile = "prod"', r"\[profile\] is no table"),
        ("[profile]\nprod = 3", r"\[profile.prod\] is no table"),
        ("[defaults]\nserver = ['a']", "server is no text or number"),
        ("[alias]\nmine = {}", "mine is no text or number"),
        ("[defaults]\n[defaults]", "cannot be read"),
    ],
)
def test_what_is_of_the_wrong_kind_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        loaded(tmp_path, own=text)

    assert caught.value.hint == "mend it with `joborch config edit`"


def test_keys_without_a_meaning_are_told_wherever_they_stand(tmp_path: Path) -> None:
    text = "[defualts]\n[profile.other]\nreadnoly = true\n[defaults]\nservise = 'x'\n"

    unknown = loaded(tmp_path, own=text).unknown

    assert [each.partition("unknown key ")[2] for each in unknown] == [
        "'defualts'; is 'defaults' meant?",
        "'servise'; is 'service' meant?",
        "'readnoly'; is 'readonly' meant?",
    ]


@pytest.mark.parametrize("server", ["http://", "http://[", "http://a:b", "ftp://a", "a:5000"])
def test_what_is_no_address_is_refused(tmp_path: Path, server: str) -> None:
    with pytest.raises(SettingsError, match="is not like http://HOST:PORT"):
        loaded(tmp_path, own=f'[defaults]\nserver = "{server}"\n')


def loaded(home: Path, *, own: str, site: str | None = None) -> ClientSettings:
    return load_settings(env=surroundings(home, own=own, site=site))


def surroundings(home: Path, *, own: str, site: str | None) -> dict[str, str]:
    path = home / "own" / "joborch" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(own)
    if site is not None:
        (home / "site.toml").write_text(site)
    return {
        "HOME": str(home),
        "LOGNAME": "ada",
        "XDG_CONFIG_HOME": str(home / "own"),
        "JOBORCH_SITE_CONFIG": str(home / "site.toml"),
    }
