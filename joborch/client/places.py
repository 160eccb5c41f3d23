"""Where a client's files are: what it is told, what it keeps secret, what it remembers."""

from collections.abc import Mapping
from pathlib import Path

SITE_CONFIG = "/etc/joborch/config.toml"


def config_path(env: Mapping[str, str]) -> Path:
    """Return the person's own configuration file: ``JOBORCH_CONFIG``, or where it usually is."""
    if named := env.get("JOBORCH_CONFIG"):
        return Path(named)
    return _xdg(env, "XDG_CONFIG_HOME", ".config") / "config.toml"


def site_config_path(env: Mapping[str, str]) -> Path:
    """Return the file in which an administrator tells all clients of a host what is usual."""
    return Path(env.get("JOBORCH_SITE_CONFIG") or SITE_CONFIG)


def credentials_path(env: Mapping[str, str]) -> Path:
    """Return the file with the tokens."""
    return _xdg(env, "XDG_CONFIG_HOME", ".config") / "credentials.toml"


def state_directory(env: Mapping[str, str]) -> Path:
    """Return where a client remembers things between invocations."""
    return _xdg(env, "XDG_STATE_HOME", ".local/state")


def _xdg(env: Mapping[str, str], variable: str, below_home: str) -> Path:
    base = Path(env[variable]) if env.get(variable, "").startswith("/") else None
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    return (base or home / below_home) / "joborch"
