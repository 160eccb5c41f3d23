"""What a long-running process says on stderr: a line an event, for people or as JSON."""

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up(*, style: str = "auto", verbose: bool = False) -> None:
    """Send this process's log to stderr; ``auto`` is ``console`` on a terminal, else ``json``."""
    if style == "auto":
        style = "console" if sys.stderr.isatty() else "json"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else ConsoleFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for noisy in ("httpx", "httpcore", "asyncio", "multipart", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class ConsoleFormatter(logging.Formatter):
    """``17:42:07 info  job assigned job_id=7 agent_id=a-1``; control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record on one line, and its traceback below."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        extras = "".join(f" {key}={_plain(value)}" for key, value in _extras(record).items())
        message = _plain(record.getMessage())
        line = f"{at:%H:%M:%S} {record.levelname.lower():<7} {message}{extras}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``at level logger message`` and the event's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record as JSON."""
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _plain(value: object) -> str:
    text = str(value)
    return text if text.isprintable() else ascii(text)[1:-1]
