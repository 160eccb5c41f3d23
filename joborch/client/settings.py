"""What a client needs to know: flags > environment > profile > ``[defaults]`` > built-in.

There may be two files, a person's own and the site's; of each kind of table, the own one wins.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from joborch.client.config_file import KEYS, ConfigFile
from joborch.client.credentials import Token, find_token, goes_in_the_clear
from joborch.client.known import Known
from joborch.client.places import config_path, site_config_path
from joborch.client.top_settings import YES_NO, sources_of_top
from joborch.domain.durations import parse_duration
from joborch.domain.errors import SettingsError
from joborch.domain.names import check_user_id

DEFAULT_SERVER = "http://127.0.0.1:5000"
DEFAULT_TIMEOUT = timedelta(seconds=30)
DEFAULTS = {
    "server": DEFAULT_SERVER,
    "timeout": "30s",
    "readonly": "false",
    "time_format": "relative",
    "hints": "true",
}
BUILT_IN = "built-in"
SWITCHES = ("readonly", "hints")
"""Settings that are true or false."""
TIME_FORMATS = ("relative", "local", "utc", "iso")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """The settings of one invocation."""

    server: str = DEFAULT_SERVER
    """Address of the server, ``http://HOST:PORT``."""
    user_id: str
    """Whose jobs these are; default: the login name."""
    service: str | None = None
    """Where to submit; None: the only one that the server offers."""
    timeout: timedelta = DEFAULT_TIMEOUT
    """How long one request may be without an answer."""
    is_read_only: bool = False
    """Whether what changes anything needs ``--write``."""
    time_format: str = TIME_FORMATS[0]
    """How people are told times: one of ``relative local utc iso``."""
    has_hints: bool = True
    """Whether what could be done next is suggested."""
    token: Token | None = field(default=None, compare=False)
    """Shown to the server, and to no other."""
    has_named_server: bool = False
    """Whether somebody chose the server, rather than nobody."""
    known: Mapping[str, Known] = field(default_factory=dict, compare=False)
    """Every setting's text and where it comes from, by name; missing where there is none."""
    unknown: tuple[str, ...] = ()
    """Keys of the files that nobody knows, in words."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What in the files was not understood, and what is dangerous."""
        if self.token is None or not goes_in_the_clear(self.server):
            return self.unknown
        return (*self.unknown, f"the token goes to {self.server} unencrypted: use https://")

    @property
    def profile(self) -> str | None:
        """The profile that is used."""
        return self.known["profile"].text if "profile" in self.known else None


def load_settings(
    *,
    flags: Mapping[str, str | None] | None = None,
    env: Mapping[str, str] | None = None,
    config: Path | None = None,
    profile: str | None = None,
) -> ClientSettings:
    """Read the settings.

    Args:
        flags: texts by setting, None for one that was not given.
        env: the environment; default: this process's.
        config: a file to read instead of the usual ones; it must exist.
        profile: the table to use; default: ``JOBORCH_PROFILE``, or the one that ``[defaults]``
            names.

    Raises:
        SettingsError: naming every mistake.
    """
    env = os.environ if env is None else env
    files = read_files(config, env)
    known: dict[str, Known] = {}
    if (chosen := _chosen(profile, env, files)) is not None:
        known["profile"] = chosen
    sources = [*_given(flags or {}, env), *_written(files, chosen.text if chosen else None)]
    for key in KEYS:
        found = (Known(text=texts[key], origin=at) for at, texts in sources if texts.get(key))
        if (first := next(found, None)) is not None:
            known[key] = first
    for origin, texts in sources_of_top(files, env):
        for key, text in texts.items():
            known.setdefault(key, Known(text=text, origin=origin))
    settings = _settings(known, env, _unknown(files))
    return replace(settings, token=find_token(settings.server, env))


def read_files(config: Path | None, env: Mapping[str, str]) -> list[ConfigFile]:
    """Read the files that count, the first before the next; one that is named must exist."""
    if config is not None or env.get("JOBORCH_CONFIG"):
        return [ConfigFile.read(config or config_path(env))]
    usual = (config_path(env), site_config_path(env))
    return [ConfigFile.read(path) for path in usual if path.exists()]


def mistake_in(key: str, text: str) -> str | None:
    """Say what is wrong with a setting's text; None if nothing is."""
    try:
        if key == "user_id":
            check_user_id(text)
        if key == "timeout":
            parse_duration(text)
    except ValueError as error:
        return str(error) if key == "user_id" else f"timeout {text!r} is {error}"
    if key == "server" and not _is_address(text):
        return f"server {text!r} is not like http://HOST:PORT"
    if key in SWITCHES and text not in YES_NO:
        return f"{key} {text!r} is neither true nor false"
    if key == "time_format" and text not in TIME_FORMATS:
        return f"time_format {text!r} is none of {', '.join(TIME_FORMATS)}"
    return None


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that are none
        return False


def login_name(env: Mapping[str, str]) -> str:
    """Return who is logged in: ``LOGNAME``, ``USER``, or the owner of this process."""
    for variable in ("LOGNAME", "USER"):
        if env.get(variable):
            return env[variable]
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _chosen(named: str | None, env: Mapping[str, str], files: list[ConfigFile]) -> Known | None:
    """Return the profile to use, which must be in a file."""
    told = [("--profile", named), ("JOBORCH_PROFILE", env.get("JOBORCH_PROFILE"))]
    told += [(f"[defaults] in {file.path}", file.chosen) for file in files]
    chosen = next((Known(text=text, origin=origin) for origin, text in told if text), None)
    if chosen and not any(chosen.text in file.profiles for file in files):
        where = " and ".join(str(file.path) for file in files) or "any file"
        there = ", ".join(name for file in files for name in file.profiles) or "none"
        raise SettingsError(f"there is no profile {chosen.text!r} in {where}: {there}")
    return chosen


def _given(
    flags: Mapping[str, str | None], env: Mapping[str, str]
) -> list[tuple[str, dict[str, str]]]:
    """Return what stands on the command line and in the environment, a source for each setting."""
    told = [(f"--{key.replace('_', '-')}", {key: text}) for key, text in flags.items() if text]
    variables = {key: f"JOBORCH_{key.upper()}" for key in KEYS}
    return told + [(name, {key: env.get(name, "")}) for key, name in variables.items()]


def _written(files: list[ConfigFile], profile: str | None) -> list[tuple[str, dict[str, str]]]:
    """Return what stands in the files: a profile's tables, then the defaults."""
    profiles = [
        (f"[profile.{profile}] in {file.path}", file.profiles.get(profile or "", {}))
        for file in files
    ]
    return profiles + [(f"[defaults] in {file.path}", file.defaults) for file in files]


def _unknown(files: list[ConfigFile]) -> tuple[str, ...]:
    return tuple(f"{file.path}: unknown key {what}" for file in files for what in file.unknown)


def _settings(
    known: dict[str, Known], env: Mapping[str, str], unknown: tuple[str, ...]
) -> ClientSettings:
    known.setdefault("user_id", Known(text=login_name(env), origin="login name"))
    named = "server" in known
    for key, text in DEFAULTS.items():
        known.setdefault(key, Known(text=text, origin=BUILT_IN))
    mistakes = [mistake_in(key, one.text) for key, one in known.items()]
    if any(mistakes):
        raise SettingsError(*(mistake for mistake in mistakes if mistake))
    return ClientSettings(
        server=known["server"].text,
        user_id=known["user_id"].text,
        service=known["service"].text if "service" in known else None,
        timeout=parse_duration(known["timeout"].text),
        is_read_only=YES_NO[known["readonly"].text],
        time_format=known["time_format"].text,
        has_hints=YES_NO[known["hints"].text],
        has_named_server=named,
        known=known,
        unknown=unknown,
    )
