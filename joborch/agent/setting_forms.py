"""The forms of an agent's settings: each text becomes a value, or a ValueError says what is wrong.

Must not know what is done with them.
"""

import os
import re
from collections.abc import Mapping

from joborch.domain.durations import parse_duration
from joborch.domain.services import SERVICE_NAME
from joborch.process.settings import whole_number

_MAX_SLOTS = 4096
_AGENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}=[\w.:/@+-]{0,200}")
_HOST = re.compile(r"[A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\]")
COUNT = whole_number(1, _MAX_SLOTS)


def server(text: str) -> str:
    """Read a server's address, without a slash at its end."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError("not an address like http://orchestrator.example.org:5000")
    return text.rstrip("/")


def services(text: str) -> Mapping[str, int]:
    """Read `NAME` and `NAME:SLOTS`, with commas; slots by name, the cores where none are given."""
    offers = [offer.strip().partition(":") for offer in text.split(",") if offer.strip()]
    wrong = [name for name, _, _ in offers if not SERVICE_NAME.fullmatch(name)]
    if wrong or not offers:
        raise ValueError(f"no name for a service: {', '.join(wrong)}" if wrong else "no service")
    return {name: COUNT(slots) if colon else cores() for name, colon, slots in offers}


def labels(text: str) -> Mapping[str, str]:
    """Read `KEY=VALUE`, with commas."""
    pairs = [pair.strip() for pair in text.split(",") if pair.strip()]
    if wrong := [pair for pair in pairs if not _LABEL.fullmatch(pair)]:
        raise ValueError(f"not KEY=VALUE: {', '.join(wrong)}")
    return dict((key, value) for key, _, value in (pair.partition("=") for pair in pairs))


def agent_name(text: str) -> str:
    """Read what people call an agent."""
    if not _AGENT_NAME.fullmatch(text):
        raise ValueError("not 1 to 64 letters, digits or . _ -")
    return text


def address(text: str) -> tuple[str, int]:
    """Read `HOST:PORT`, `HOST` or `PORT`; port 0 where none is given."""
    host, colon, port = text.strip().rpartition(":")
    if not colon and not port.isdigit():
        host, port = port, "0"
    if not _HOST.fullmatch(host) or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("not HOST:PORT, HOST or PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def client(text: str) -> tuple[str, str, str | None]:
    """Read where an original client takes a job, gives its results and, if it can, ends it."""
    urls = [server(url.strip()) for url in text.split(",")]
    match urls:
        case [base]:
            return f"{base}/submit", f"{base}/retrieve", f"{base}/kill"
        case [submit, retrieve]:
            return submit, retrieve, None
        case [submit, retrieve, kill]:
            return submit, retrieve, kill
        case _:
            raise ValueError("not one address, and not two or three URLs")


def span_s(text: str) -> float:
    """Read a duration in seconds; unlike elsewhere, 0 is one."""
    return 0.0 if text.strip() in {"0", "0s"} else parse_duration(text).total_seconds()


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))
