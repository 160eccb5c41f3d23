"""Tokens for servers: where they come from, and the file that keeps them.

The file is readable by its owner only, or it is not read at all. A token belongs to one address,
and is never sent to another.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from joborch.client.places import credentials_path
from joborch.domain.errors import SettingsError
from joborch.files.atomic import write_atomic

OTHERS = stat.S_IRWXG | stat.S_IRWXO
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A secret, and where it was found."""

    text: str = field(repr=False)
    origin: str


def find_token(server: str, env: Mapping[str, str]) -> Token | None:
    """Return the token for a server: ``JOBORCH_TOKEN``, ``JOBORCH_TOKEN_FILE``, or the stored one.

    Raises:
        SettingsError: if it cannot be read, or is none.
    """
    if text := env.get("JOBORCH_TOKEN"):
        return Token(text=checked(text, "JOBORCH_TOKEN"), origin="JOBORCH_TOKEN")
    if named := env.get("JOBORCH_TOKEN_FILE"):
        return Token(text=read_token(Path(named)), origin=f"JOBORCH_TOKEN_FILE, {named}")
    path = credentials_path(env)
    text = stored(path).get(address(server))
    return Token(text=checked(text, str(path)), origin=str(path)) if text else None


def read_token(path: Path) -> str:
    """Read a file that holds nothing but a token."""
    try:
        return checked(path.read_text(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{path} cannot be read: {reason}") from error


def checked(text: str, where: str) -> str:
    """Return a token without the white space around it; ``SettingsError`` if it cannot be one."""
    token = text.strip()
    if not token or not all("!" <= char <= "~" for char in token):
        raise SettingsError(f"{where} holds no token: one is a line of visible ASCII characters")
    return token


def stored(path: Path) -> dict[str, str]:
    """Return all tokens by address; there may be no file yet, nor a home.

    Raises:
        SettingsError: if others can read the file, or nobody can understand it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_mode & OTHERS:
            raise SettingsError(
                f"{path} holds tokens, and others can read it: it is not used",
                hint=f"chmod 600 {path}",
            )
        return _tokens(path, file.read())


def store(path: Path, server: str, token: str) -> None:
    """Keep the token for a server, in place of an earlier one."""
    _write(path, stored(path) | {address(server): token})


def forget(path: Path, server: str) -> bool:
    """Forget the token for a server; returns whether there was one."""
    kept = stored(path)
    if kept.pop(address(server), None) is None:
        return False
    _write(path, kept)
    return True


def forget_all(path: Path) -> bool:
    """Remove the file, whatever is in it; returns whether it was there."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def address(server: str) -> str:
    """Return a server's address in the one spelling under which its token is kept."""
    parts = urlsplit(server)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    number = parts.netloc.rpartition("@")[2].rpartition("]")[2].rpartition(":")[2]
    is_usual = not number.isdigit() or int(number) == DEFAULT_PORTS.get(parts.scheme)
    port = "" if is_usual else f":{number}"
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def goes_in_the_clear(server: str) -> bool:
    """Whether what is sent to this server can be read on the way."""
    parts = urlsplit(server)
    return parts.scheme == "http" and not _is_here(parts.hostname or "")


def _is_here(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tokens(path: Path, data: bytes) -> dict[str, str]:
    import tomllib

    try:
        content = tomllib.loads(data.decode())
        return {known: str(table["token"]) for known, table in content.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{path} cannot be understood", hint="`joborch logout --all` removes it"
        ) from error


def _write(path: Path, tokens: Mapping[str, str]) -> None:
    import json  # addresses and tokens are ASCII, which TOML and JSON quote alike

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    tables = [
        f"[{json.dumps(known)}]\ntoken = {json.dumps(token)}\n" for known, token in tokens.items()
    ]
    write_atomic(path, "\n".join(tables).encode(), durable=True)
