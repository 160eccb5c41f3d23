"""What can be set about an agent, and how its flags, variables and file become one value.

Knows the forms of the settings, not what is done with them.
"""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from joborch.domain.durations import parse_duration, parse_size
from joborch.domain.services import SERVICE_NAME
from joborch.process.settings import (
    SettingsError,
    load,
    one_of,
    read_toml,
    setting,
    whole_number,
    yes_or_no,
)

MAX_SLOTS = 4096
_AGENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}=[\w.:/@+-]{0,200}")
_HOST = re.compile(r"[A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\]")
DEFAULT_SERVER = "http://127.0.0.1:5000"
LISTENING_PORT = 9000
"""Where the original's client has always been."""
_COUNT = whole_number(1, MAX_SLOTS)


def _server(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError("not an address like http://orchestrator.example.org:5000")
    return text.rstrip("/")


def _services(text: str) -> Mapping[str, int]:
    offers = [offer.strip().partition(":") for offer in text.split(",") if offer.strip()]
    wrong = [name for name, _, _ in offers if not SERVICE_NAME.fullmatch(name)]
    if wrong or not offers:
        raise ValueError(f"no name for a service: {', '.join(wrong)}" if wrong else "no service")
    return {name: _COUNT(slots) if colon else _cores() for name, colon, slots in offers}


def _labels(text: str) -> Mapping[str, str]:
    pairs = [pair.strip() for pair in text.split(",") if pair.strip()]
    if wrong := [pair for pair in pairs if not _LABEL.fullmatch(pair)]:
        raise ValueError(f"not KEY=VALUE: {', '.join(wrong)}")
    return dict((key, value) for key, _, value in (pair.partition("=") for pair in pairs))


def _agent_name(text: str) -> str:
    if not _AGENT_NAME.fullmatch(text):
        raise ValueError("not 1 to 64 letters, digits or . _ -")
    return text


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.strip().rpartition(":")
    if not colon and not port.isdigit():
        host, port = port, "0"
    if not _HOST.fullmatch(host) or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("not HOST:PORT, HOST or PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def _client(text: str) -> tuple[str, str, str | None]:
    urls = [_server(url.strip()) for url in text.split(",")]
    match urls:
        case [base]:
            return f"{base}/submit", f"{base}/retrieve", f"{base}/kill"
        case [submit, retrieve]:
            return submit, retrieve, None
        case [submit, retrieve, kill]:
            return submit, retrieve, kill
        case _:
            raise ValueError("not one address, and not two or three URLs")


def _span_s(text: str) -> float:
    return 0.0 if text.strip() in {"0", "0s"} else parse_duration(text).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """Everything that can be set about an agent; made by :func:`load_settings`."""

    server: str = setting(
        "The server's address. Default: `http://127.0.0.1:5000`; with `listen`, none.",
        parse=_server,
        default="",
    )
    service: Mapping[str, int] = setting(
        "What it offers: `NAME` or `NAME:SLOTS`, with commas; without a number, the cores it has.",
        parse=_services,
        default=None,
    )
    listen: tuple[str, int] | None = setting(
        "Where servers of the original hand over jobs: `HOST:PORT`; the port is 9000, or `PORT`.",
        parse=_address,
        default=None,
    )
    listen_slots: int = setting(
        "How many of those run at a time. Default: the cores it has.", parse=_COUNT, default=0
    )
    listen_max_age: float = setting(
        "How long what those left is kept; a duration.",
        parse=_span_s,
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
        parse=_client,
        default=None,
    )
    slots: int = setting(
        "Jobs at a time over all services. Default: the sum of the services' slots.",
        parse=_COUNT,
        default=0,
    )
    name: str = setting("What people see. Default: the host's name.", parse=_agent_name, default="")
    label: Mapping[str, str] = setting(
        "Facts that jobs may ask for: `KEY=VALUE`, with commas.", parse=_labels, default=None
    )
    work_dir: Path = setting(
        "Its private directory. Default: `$XDG_STATE_HOME/joborch/agent-NAME`.",
        parse=lambda text: Path(text).expanduser().absolute(),
        default=None,
    )
    path: str = setting("Where jobs find programs. Default: the agent's own `PATH`.", default="")
    grace: float = setting(
        "Between SIGTERM and SIGKILL when a job has to end; a duration.",
        parse=_span_s,
        default=10.0,
    )
    drain: bool = setting(
        "On SIGTERM, wait until its jobs have ended; a second SIGTERM leaves them running.",
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
        parse=_span_s,
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
    service = chosen.service or {}
    return replace(
        chosen,
        server=server,
        service=service,
        name=name,
        slots=chosen.slots or sum(service.values()),
        listen_slots=chosen.listen_slots or _cores(),
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


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _host_name() -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).strip("-._")[:64] or "agent"


def _state_home(env: Mapping[str, str]) -> Path:
    return Path(env.get("XDG_STATE_HOME") or Path(env.get("HOME", "/")) / ".local" / "state")


__all__ = ["MAX_SLOTS", "AgentSettings", "SettingsError", "load_settings"]
