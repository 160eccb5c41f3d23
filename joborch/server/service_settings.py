"""Which services the server starts with: flags > ``SERVICE_…`` variables > ``[services.NAME]``.

The sources are merged option by option. Must not know any other setting.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from joborch.domain.errors import InvalidRequestError
from joborch.domain.services import Service, service_from

_VARIABLES = {
    "RUNS_PER_USER": "per_user",
    "MAX_RUNS": "max",
    "UPLOAD_URL": "upload_url",
    "DOWNLOAD_URL": "download_url",
    "TERMINATE_URL": "terminate_url",
}
_VARIABLE = re.compile(rf"SERVICE_(.+)_({'|'.join(_VARIABLES)})")
_URLS = ("upload_url", "download_url", "terminate_url")

Options = dict[str, dict[str, tuple[str, str]]]
"""For each service and option, where it was given and its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedClient:
    """A client of the original that runs the jobs of a service, by its URLs."""

    upload_url: str
    download_url: str
    terminate_url: str | None = None


def read_services(
    flags: Sequence[str], env: Mapping[str, str], tables: Any
) -> tuple[tuple[Service, ...], dict[str, SeedClient], list[str]]:
    """Return the services by name, the original's clients among them, and every mistake."""
    mistakes: list[str] = []
    merged: Options = {}
    for options in (_from_file(tables, mistakes), _from_environment(env), _from_flags(flags)):
        for name, pairs in options.items():
            merged.setdefault(name, {}).update(pairs)
    services = tuple(_service(name, merged[name], mistakes) for name in sorted(merged))
    clients = {name: _client(name, merged[name], mistakes) for name in sorted(merged)}
    found = {name: client for name, client in clients.items() if client is not None}
    return services, found, mistakes


def services_as_toml(services: Iterable[Service], clients: Mapping[str, SeedClient]) -> list[str]:
    """Write services as the lines of a settings file."""
    lines: list[str] = []
    for service in services:
        options: dict[str, object] = {"per_user": service.limits.per_user}
        if service.limits.total is not None:
            options["max"] = service.limits.total
        if service.time_limit is not None:
            options["time_limit"] = f"{service.time_limit.total_seconds():g}s"
        options["max_attempts"] = service.max_attempts
        options["lost_after"] = f"{service.lost_after.total_seconds():g}s"
        if client := clients.get(service.name):
            options |= {key: getattr(client, key) for key in _URLS if getattr(client, key)}
        lines += ["", f"[services.{json.dumps(service.name)}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    return lines


def _from_flags(flags: Sequence[str]) -> Options:
    found: Options = {}
    for text in flags:
        name, _, options = text.partition(":")
        where = f"--service {text}"
        pairs = (option.partition("=")[::2] for option in options.split(",") if option)
        found.setdefault(name, {}).update(
            {key.strip(): (where, value.strip()) for key, value in pairs}
        )
    return found


def _from_environment(env: Mapping[str, str]) -> Options:
    found: Options = {}
    for variable, text in env.items():
        match = _VARIABLE.fullmatch(variable)
        if match and text:
            option = _VARIABLES[match[2]]
            found.setdefault(match[1].lower(), {})[option] = (variable, text)
    return found


def _from_file(tables: Any, mistakes: list[str]) -> Options:
    if not isinstance(tables, dict):
        mistakes.append("services: tables like [services.NAME] are needed")
        return {}
    found: Options = {}
    for name, options in tables.items():
        if not isinstance(options, dict):
            mistakes.append(f"services.{name}: a table is needed")
            continue
        found[name] = {
            key: (f"services.{name}.{key}", str(value)) for key, value in options.items()
        }
    return found


def _service(name: str, options: dict[str, tuple[str, str]], mistakes: list[str]) -> Service:
    service = Service(name=name)
    named = [("", "", "")] if not options else []
    texts = [(key, *pair) for key, pair in options.items() if key not in _URLS]
    for key, where, text in [*named, *texts]:
        try:
            service = service_from(name, {key: text} if key else {}, service)
        except InvalidRequestError as error:
            mistakes.append(f"{where}: {error.message}" if where else error.message)
    return service


def _client(
    name: str, options: dict[str, tuple[str, str]], mistakes: list[str]
) -> SeedClient | None:
    urls = {key: options[key] for key in _URLS if key in options}
    wrong = [f"{where}: {_why_not(text)}" for where, text in urls.values() if _why_not(text)]
    for key in ("upload_url", "download_url"):
        if urls and key not in urls:
            wrong.append(f"SERVICE_{name.upper()}_{key.upper()} is missing")
    mistakes += wrong
    if wrong or not urls:
        return None
    return SeedClient(**{key: text for key, (_, text) in urls.items()})


def _why_not(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        return str(error)
    if parts.scheme not in {"http", "https"} or not is_complete:
        return f"{url!r} is not a URL like http://host:9000/submit"
    if parts.username is not None or any(c.isspace() for c in url):
        return "a URL without user, password and spaces is needed"
    return None
