"""What the server can be told at its start, and from where: flags, environment, a TOML file.

Every setting is a field of :class:`ServerSettings`; ``docs/operations.md`` lists them all. Which
services there are, and their limits, is read by ``service_settings``.
"""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from joborch.domain.durations import parse_duration, parse_size
from joborch.domain.services import Service
from joborch.process.settings import (
    load,
    one_of,
    read_toml,
    setting,
    whole_number,
    yes_or_no,
)
from joborch.server.service_settings import SeedClient, read_services, services_as_toml

MEBIBYTE = 1024 * 1024


def _seconds(text: str) -> float:
    return parse_duration(text).total_seconds()


def _path(text: str) -> Path:
    if "\0" in text:
        raise ValueError("not a path")
    return Path(text).expanduser()


def _database(text: str) -> Path:
    path = text.removeprefix("sqlite:///")
    if "://" in path:
        raise ValueError("not a file's path or sqlite:///PATH; other databases are not supported")
    return _path(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Everything the server was told, checked."""

    host: str = setting("Address to listen on; `0.0.0.0` for every network.", default="127.0.0.1")
    port: int = setting(
        "TCP port to listen on; 0 takes a free one.",
        parse=whole_number(0, 65535),
        default=5000,
        env=("PORT",),
    )
    data: Path = setting(
        "Directory of payloads, results and the database; made when missing.",
        parse=_path,
        default=Path("joborch-data"),
        env=("DATA_PATH",),
    )
    db: Path | None = setting(
        "The database's file, a path or `sqlite:///PATH`; without it `joborch.db` in `data`.",
        parse=_database,
        default=None,
        env=("DB_PATH",),
    )
    max_age: timedelta = setting(
        "How long results are kept after a job's end; a plain number is seconds.",
        parse=parse_duration,
        default=timedelta(hours=48),
        env=("MAX_AGE",),
    )
    max_upload: int = setting(
        "Largest submission, in bytes or like `400M`.", parse=parse_size, default=400 * MEBIBYTE
    )
    max_files: int = setting(
        "Most parts (files and fields together) of one submission.",
        parse=whole_number(1, 100_000),
        default=1000,
    )
    compat: str = setting(
        "Generation of the original that the routes without `/api/v1` imitate: `v1` or `v2`.",
        parse=one_of("v1", "v2"),
        default="v1",
    )
    log_format: str = setting(
        "How events are logged: `console`, `json`, or `auto` (`console` on a terminal).",
        parse=one_of("auto", "console", "json"),
        default="auto",
    )
    verbose: bool = setting("Log what a developer wants to know.", parse=yes_or_no, default=False)
    reserve: int = setting(
        "Free disk space below which submissions are refused, in bytes or like `200M`; below a"
        " quarter of it results wait at their agents.",
        parse=parse_size,
        default=200 * MEBIBYTE,
    )
    poll_s: float = setting(
        "How long an agent's poll is held when there is nothing for it; a duration.",
        parse=_seconds,
        default=25.0,
    )
    no_swagger: bool = setting(
        "Do not serve the page `/swagger-ui/`; the description of the API stays.",
        parse=yes_or_no,
        default=False,
    )
    services: tuple[Service, ...] = setting("Services with their limits, by name.", default=())
    seed_clients: Mapping[str, SeedClient] = dataclasses.field(
        default_factory=dict,
        metadata={"doc": "Clients of the original that run a service, by its name."},
    )

    @property
    def db_path(self) -> Path:
        """The database's file."""
        return self.db or self.data / "joborch.db"


COMPOUND = ("services", "seed_clients")
"""Fields that are not one text; in a file they are the tables ``[services.NAME]``."""


def load_settings(
    flags: Mapping[str, Any], env: Mapping[str, str], path: Path | None
) -> ServerSettings:
    """Read the settings; ``flags`` by field name, texts or values, and ``service`` a list of texts.

    Raises:
        SettingsError: naming every mistake with its flag, variable or key.
    """
    file = read_toml(path)
    tables = file.pop("services", {})
    services, seed_clients, mistakes = read_services(flags.get("service") or (), env, tables)
    values, flag_mistakes = _parsed(flags)
    values |= {"services": services, "seed_clients": seed_clients}
    mistakes += [*flag_mistakes, *_odd_keys(file)]
    known = {key: value for key, value in file.items() if not isinstance(value, dict | list)}
    return load(ServerSettings, flags=values, env=env, file=known, extra_mistakes=tuple(mistakes))


def print_config(settings: ServerSettings) -> str:
    """Write the settings as the TOML file that would give them."""
    lines = [
        f"{field.name} = {_toml(getattr(settings, field.name))}"
        for field in dataclasses.fields(settings)
        if field.name not in COMPOUND and getattr(settings, field.name) is not None
    ]
    tables = services_as_toml(settings.services, settings.seed_clients)
    return "\n".join([*lines, *tables]) + "\n"


def _parsed(flags: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for field in dataclasses.fields(ServerSettings):
        if field.name in COMPOUND:
            continue
        value = flags.get(field.name)
        try:
            values[field.name] = field.metadata["parse"](value) if isinstance(value, str) else value
        except ValueError as error:
            mistakes.append(f"--{field.name.replace('_', '-')}={value!r}: {error}")
    return values, mistakes


def _odd_keys(file: Mapping[str, Any]) -> list[str]:
    known = [f.name for f in dataclasses.fields(ServerSettings) if f.name not in COMPOUND]
    mistakes = []
    for key, value in file.items():
        if key not in known:
            near = difflib.get_close_matches(key, [*known, "services"], n=1)
            mistakes.append(f"{key}: no such setting" + (f"; {near[0]}?" if near else ""))
        elif isinstance(value, dict | list):
            mistakes.append(f"{key}: a single value is needed")
    return mistakes


def _toml(value: object) -> str:
    if isinstance(value, timedelta):
        value = f"{value.total_seconds():g}s"
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False)
