"""What can be set about an agent, and how its flags, variables and file become one value."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from joborch.agent import setting_forms as forms
from joborch.domain.durations import parse_size
from joborch.process.settings import (
    SettingsError,
    load,
    one_of,
    read_toml,
    setting,
    whole_number,
    yes_or_no,
)

DEFAULT_SERVER = "http://127.0.0.1:5000"
LISTENING_PORT = 9000
"""Where the original's client has always been."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """Everything that can be set about an agent; made by :func:`load_settings`."""

    server: str = setting(
        "The server's address. Default: `http://127.0.0.1:5000`; with `listen`, none.",
        parse=forms.server,
        default="",
    )
    service: Mapping[str, int] = setting(
        "What it offers: `NAME` or `NAME:SLOTS`, with commas; without a number, the cores it has.",
        parse=forms.services,
        default=None,
    )
    listen: tuple[str, int] | None = setting(
        "Where servers of the original hand over jobs: `HOST:PORT`; the port is 9000, or `PORT`.",
        parse=forms.address,
        default=None,
    )
    listen_slots: int = setting(
        "How many of those run at a time. Default: the cores it has.", parse=forms.COUNT, default=0
    )
    listen_max_age: float = setting(
        "How long what those left is kept; a duration.",
        parse=forms.span_s,
        default=48 * 3600.0,
        env=("MAX_AGE",),
    )
    backend: str = setting(
        "What runs the jobs: `local`, processes of this host, or `seed`, a client of the original.",
        parse=one_of("local", "seed"),
        default="local",
    )
    client: tuple[str, str, str | None] | None = setting(
        "Of `seed`: the client's address, or its URLs `submit,retrieve` or `submit,retrieve,kill`.",
        parse=forms.client,
        default=None,
    )
    slots: int = setting(
        "Jobs at a time over all services. Default: the sum of the services' slots.",
        parse=forms.COUNT,
        default=0,
    )
    name: str = setting(
        "What people see. Default: the host's name.", parse=forms.agent_name, default=""
    )
    label: Mapping[str, str] = setting(
        "Facts that jobs may ask for: `KEY=VALUE`, with commas.", parse=forms.labels, default=None
    )
    work_dir: Path = setting(
        "Its private directory. Default: `$XDG_STATE_HOME/joborch/agent-NAME`.",
        parse=lambda text: Path(text).expanduser().absolute(),
        default=None,
    )
    path: str = setting("Where jobs find programs. Default: the agent's own `PATH`.", default="")
    grace: float = setting(
        "Between SIGTERM and SIGKILL when a job has to end; a duration.",
        parse=forms.span_s,
        default=10.0,
    )
    drain: bool = setting(
        "On SIGTERM, wait until its jobs have ended; a second SIGTERM leaves them running.",
        parse=yes_or_no,
        default=False,
    )
    once: bool = setting(
        "Take what waits, run it to its end, and leave; without anything to take, leave at once.",
        parse=yes_or_no,
        default=False,
    )
    until_eof: bool = setting(
        "Leave as on SIGTERM when standard input ends: when whoever started it has died.",
        parse=yes_or_no,
        default=False,
    )
    keep: float = setting(
        "How long a job's directory stays once the server has its results; a duration, or 0.",
        parse=forms.span_s,
        default=0.0,
    )
    max_results: int = setting(
        "Most of a job's files that is packed, uncompressed; in bytes or like `20G`.",
        parse=parse_size,
        default=20 * 1024**3,
    )
    log_format: str = setting(
        "How it logs: `auto`, `console` or `json`.",
        parse=one_of("auto", "console", "json"),
        default="auto",
    )
    verbose: bool = setting("Log what a developer wants to know.", parse=yes_or_no, default=False)


def load_settings(
    *, flags: Mapping[str, Any], env: Mapping[str, str], file: Path | None = None
) -> AgentSettings:
    """Read the settings, flags first, and fill in what depends on the host.

    A flag is a value, a text, or (``service``, ``label``) a list of texts; None was not given.

    Raises:
        SettingsError: naming every mistake.
    """
    mistakes: list[str] = []
    values = _parsed(flags, mistakes)
    texts = {key: _text(value) for key, value in read_toml(file).items()}
    chosen = load(AgentSettings, flags=values, env=env, file=texts, extra_mistakes=tuple(mistakes))
    return _completed(_with_listener(chosen, env), env)


def _completed(chosen: AgentSettings, env: Mapping[str, str]) -> AgentSettings:
    """Fill in what depends on the host, or on other settings.

    Raises:
        SettingsError: if there is a server to work for, and nothing to offer.
    """
    name = chosen.name or _host_name()
    server = chosen.server or ("" if chosen.listen else DEFAULT_SERVER)
    if server and not chosen.service:
        raise SettingsError("service: nothing was given and there is no default")
    if chosen.backend == "seed" and not chosen.client:
        raise SettingsError("client: the backend `seed` needs the address of one")
    if chosen.once and chosen.listen:
        raise SettingsError("once: who listens for servers stays until it is ended")
    service = chosen.service or {}
    return replace(
        chosen,
        server=server,
        service=service,
        name=name,
        slots=chosen.slots or sum(service.values()),
        listen_slots=chosen.listen_slots or forms.cores(),
        label=chosen.label or {},
        path=chosen.path or env.get("PATH", os.defpath),
        work_dir=chosen.work_dir or _state_home(env) / "joborch" / f"agent-{name}",
    )


def _with_listener(chosen: AgentSettings, env: Mapping[str, str]) -> AgentSettings:
    """Read what the original's client reads, where joborch's own settings say nothing."""
    if chosen.listen is None:
        return chosen
    host, port = chosen.listen
    work_dir = chosen.work_dir
    if work_dir is None and env.get("DATA_PATH"):
        work_dir = Path(env["DATA_PATH"]).absolute()
    if not port:
        try:
            port = whole_number(1, 65535)(env.get("PORT") or str(LISTENING_PORT))
        except ValueError as error:
            raise SettingsError(f"PORT={env['PORT']!r}: {error}") from error
    return replace(chosen, listen=(host, port), work_dir=work_dir)


def _parsed(flags: Mapping[str, Any], mistakes: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields(AgentSettings):
        given = flags.get(field.name)
        if given is None or given in ([], ()):
            continue
        if not isinstance(given, str | list | tuple):
            values[field.name] = given
            continue
        try:
            values[field.name] = field.metadata["parse"](_text(given))
        except ValueError as error:
            mistakes.append(f"{field.name}={_text(given)!r}: {error}")
    return values


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    if isinstance(value, dict):
        return ",".join(f"{key}={part}" for key, part in value.items())
    return str(value)


def _host_name() -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).strip("-._")[:64] or "agent"


def _state_home(env: Mapping[str, str]) -> Path:
    return Path(env.get("XDG_STATE_HOME") or Path(env.get("HOME", "/")) / ".local" / "state")


__all__ = ["AgentSettings", "SettingsError", "load_settings"]
