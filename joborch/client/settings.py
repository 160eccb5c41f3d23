"""What a client needs to know: flags > environment > profile > ``[defaults]`` > built-in.

The file is ``$XDG_CONFIG_HOME/joborch/config.toml``: a table ``[defaults]``, which may name the
``profile`` to use, and tables ``[profile.NAME]``, each with ``server user_id service timeout``.
"""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from joborch.domain.durations import parse_duration
from joborch.domain.errors import SettingsError
from joborch.domain.names import check_user_id

DEFAULT_SERVER = "http://127.0.0.1:5000"
DEFAULT_TIMEOUT = timedelta(seconds=30)
KEYS = ("server", "user_id", "service", "timeout")


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
    has_named_server: bool = False
    """Whether somebody chose the server, rather than nobody."""
    warnings: tuple[str, ...] = ()
    """What in the file was not understood."""


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
        config: a file to read instead of the usual one; it must exist.
        profile: the table to use; default: ``JOBORCH_PROFILE``, or the one that ``[defaults]``
            names.

    Raises:
        SettingsError: naming every mistake.
    """
    env = os.environ if env is None else env
    file = _File.read(config, env)
    table, warnings = file.table(profile or env.get("JOBORCH_PROFILE") or None)
    texts: dict[str, str] = {}
    for key in KEYS:
        sources = ((flags or {}).get(key), env.get(f"JOBORCH_{key.upper()}"), table.get(key))
        if (text := next((text for text in sources if text), None)) is not None:
            texts[key] = text
    return _settings(texts, env, warnings)


def config_path(env: Mapping[str, str]) -> Path:
    """Return where the file is looked for when none is named."""
    return _xdg(env, "XDG_CONFIG_HOME", ".config") / "config.toml"


def state_directory(env: Mapping[str, str]) -> Path:
    """Return where a client remembers things between invocations."""
    return _xdg(env, "XDG_STATE_HOME", ".local/state")


def _settings(
    texts: Mapping[str, str], env: Mapping[str, str], warnings: tuple[str, ...]
) -> ClientSettings:
    mistakes: list[str] = []
    user_id, timeout = texts.get("user_id") or login_name(env), DEFAULT_TIMEOUT
    try:
        check_user_id(user_id)
    except ValueError as error:
        mistakes.append(str(error))
    try:
        timeout = parse_duration(texts["timeout"]) if "timeout" in texts else timeout
    except ValueError as error:
        mistakes.append(f"timeout {texts['timeout']!r} is {error}")
    server = texts.get("server", DEFAULT_SERVER)
    if not server.startswith(("http://", "https://")):
        mistakes.append(f"server {server!r} is not like http://HOST:PORT")
    if mistakes:
        raise SettingsError(*mistakes)
    return ClientSettings(
        server=server,
        user_id=user_id,
        service=texts.get("service"),
        timeout=timeout,
        has_named_server="server" in texts,
        warnings=warnings,
    )


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


class _File:
    """A configuration file, or an empty one."""

    def __init__(self, path: Path, content: dict[str, Any]) -> None:
        self._path = path
        self._defaults = dict(content.get("defaults", {}))
        self._profiles: dict[str, dict[str, Any]] = dict(content.get("profile", {}))

    @classmethod
    def read(cls, named: Path | None, env: Mapping[str, str]) -> "_File":
        if named is None and env.get("JOBORCH_CONFIG"):
            named = Path(env["JOBORCH_CONFIG"])
        path = named or config_path(env)
        if named is None and not path.exists():
            return cls(path, {})
        import tomllib  # only now: most invocations have no file

        try:
            return cls(path, tomllib.loads(path.read_text()))
        except (OSError, ValueError, TypeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise SettingsError(f"{path} cannot be read: {reason}") from error

    def table(self, named: str | None) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the settings of a profile on top of the defaults, and what is unknown there."""
        profile = named or str(self._defaults.pop("profile", ""))
        if profile and profile not in self._profiles:
            known = ", ".join(self._profiles) or "none"
            raise SettingsError(f"there is no profile {profile!r} in {self._path}: {known}")
        merged = self._defaults | self._profiles.get(profile, {})
        texts = {("user_id" if key == "user" else key): str(merged[key]) for key in merged}
        unknown = [key for key in texts if key not in KEYS and key != "profile"]
        return texts, tuple(f"{self._path}: unknown key {_nearest(key)}" for key in unknown)


def _nearest(key: str) -> str:
    near = difflib.get_close_matches(key, KEYS, n=1)
    return f"{key!r}" + (f"; is {near[0]!r} meant?" if near else "")


def _xdg(env: Mapping[str, str], variable: str, below_home: str) -> Path:
    base = Path(env[variable]) if env.get(variable, "").startswith("/") else None
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    return (base or home / below_home) / "joborch"
