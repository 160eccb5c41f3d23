"""A client as the original's server sees it: what it asks, and what of the answers it takes."""

import http.client
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.originals.forms import form_of

_COMMON = {"Processing", "Completed", "Failed", "Queued", "Submitted", "Unknown", "Cleaned"}
FIRST_WORDS = frozenset(_COMMON | {"Prepared", "Pending"})
SECOND_WORDS = frozenset(_COMMON | {"Prepared", "Running", "Invalid", "Locked", "Killed"})
"""The statuses that each generation knows; an answer with another it does not understand."""


class AwayError(Exception):
    """There was no answer."""


class Peer:
    """One client. No call has a time-out, as with the original."""

    def __init__(
        self, upload: str, download: str, terminate: str, *, words: frozenset[str]
    ) -> None:
        self._upload = upload
        self._download = download
        self._terminate = terminate
        self._words = words

    def submit(self, folder: Path) -> int:
        """Send a directory; ValueError if the answer is none that the original understands."""
        kind, size, pieces = form_of(folder)
        headers = {"content-type": kind, "content-length": str(size)}
        with self._asks("POST", self._upload, headers, pieces) as answer:
            said = answer.read()
            if not 200 <= answer.status < 300:
                raise ValueError(f"answered {answer.status}")
            payload = json.loads(said)
            is_whole = isinstance(payload.get("input"), dict) and "loc" in payload
            if not is_whole or payload.get("status") not in self._words:
                raise ValueError(f"answered {payload}")
            return int(payload["id"])

    def retrieve(self, job_id: int, into: Path) -> tuple[int, str]:
        """Save whatever comes with a 200, of whatever type."""
        with self._asks("GET", f"{self._download}/{job_id}") as answer:
            if answer.status == 200:
                _save(answer, into)
            return answer.status, ""

    def retrieve_or_word(self, job_id: int, into: Path) -> tuple[int, str]:
        """Save an archive; from anything else read the status, for which it must be complete."""
        with self._asks("GET", f"{self._download}/{job_id}") as answer:
            kind = answer.headers.get("content-type", "")
            if answer.status == 200 and "application/zip" in kind:
                _save(answer, into)
                return 200, "Completed"
            payload = json.loads(answer.read())
            for name in ("id", "input", "loc", "pid", "killed"):
                payload[name]
            if payload["status"] not in self._words:
                raise ValueError(f"{payload['status']} is no status")
            return answer.status, str(payload["status"])

    def partial(self, job_id: int) -> bytes | None:
        url = f"{self._download.rpartition('/')[0]}/retrieve_partial/{job_id}"
        with self._asks("GET", url) as answer:
            kind = answer.headers.get("content-type", "")
            said = answer.read()
            return said if answer.status == 200 and "application/zip" in kind else None

    def kill(self, job_id: int) -> bool:
        try:
            with self._asks("POST", f"{self._terminate}/{job_id}") as answer:
                return 200 <= answer.status < 300
        except AwayError:
            return False

    @contextmanager
    def _asks(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        pieces: Iterator[bytes] | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        try:
            connection.putrequest(method, parts.path, skip_accept_encoding=True)
            for name, value in {"accept": "*/*", **(headers or {})}.items():
                connection.putheader(name, value)
            connection.endheaders()
            for piece in pieces or ():
                connection.send(piece)
            yield connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise AwayError(str(error)) from error
        finally:
            connection.close()


def _save(answer: http.client.HTTPResponse, into: Path) -> None:
    with into.open("wb") as file:
        shutil.copyfileobj(answer, file)
