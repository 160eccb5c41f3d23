r"""Why jobs failed, in words that are the same for all that failed alike.

Of what a job wrote last one line is telling: the exception of a traceback, the last line that
speaks of an error, or the last line at all. What differs from job to job in it — numbers, paths,
times, ids — becomes a placeholder. With how the job ended, that line is its signature::

    exit 1 · <path>: line <n>: cd: <path>: No such file or directory

Placeholders are words of the domain of logs and read as such; nothing here reads a log.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from joborch.domain.jobs import Job
from joborch.domain.states import JobState
from joborch.domain.text import one_line

KEY_DIGITS = 6
TELLING_LINES = 40
"""So many of the last lines are looked at."""
LINE_CHARACTERS = 500
"""What follows in a longer line is not looked at."""
TEXT_CHARACTERS = 200
SAID = {"exit status <n>", "ended by signal <n>"}
"""Reasons that say nothing more than the exit code and the signal do."""

_VARYING = re.compile(
    r"""
    (?P<url>\b[a-z][a-z0-9+.-]*://[^\s'"<>]+)
  | (?P<id>\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b)
  | (?P<time>
        \b\d{4}[-/]\d\d[-/]\d\d (?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?
      | \b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?
      | \b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\ +\d{1,2}\b
    )
  | (?P<path>
        (?<![\w<>/]) (?:~|\.{1,2})? / [^\s:;,'"()\[\]{}<>]+
      | \b[\w.+-]+ (?:/[\w.+-]+)* / [\w.+-]*\.[a-z]\w*
      | \b[\w+-][\w.+-]*\.[a-z][a-z0-9]{0,4} (?![\w.(])
    )
  | (?P<n>\b0x[0-9a-f]+\b | \b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{6,}\b
      | (?<![^\s=(\[,:])[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)? | \d+(?:[.,]\d+)*)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBERS = re.compile(r"<n>(?:[\s,;:/x-]{1,4}<n>)+")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)")
_ERROR = re.compile(
    r"error|exception|fatal|fail|cannot|can't|could not|unable|denied|refused|not found|no such"
    r"|invalid|illegal|missing|killed|abort|panic|fault|exceeded|timed? ?out|out of memory"
    r"|core dump",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A way to fail."""

    key: str
    """Six hexadecimal digits, the same for the same text."""
    text: str
    """One line."""


def signature_of(job: Job, *logs: Iterable[str]) -> Signature:
    """Return how a job failed; ``logs`` are the last lines of each, the most telling log first."""
    reason, line = normalised(job.reason or ""), normalised(telling_line(*logs))
    text = " · ".join(filter(None, [_ending(job), "" if reason in SAID else reason, line]))
    return Signature(key=sha256(text.encode()).hexdigest()[:KEY_DIGITS], text=text)


def telling_line(*logs: Iterable[str]) -> str:
    """Return the line that says best what went wrong, empty if there is none at all.

    An error of any log says more than a last line, and the first log's more than the next one's.
    """
    lines = [[line for line in log if line.strip()][-TELLING_LINES:] for log in logs]
    for find in (_exception, _last_error, _last):
        for log in lines:
            if found := find(log):
                return found
    return ""


def normalised(line: str) -> str:
    """Return a line with placeholders for all that differs between jobs that fail alike."""
    text = one_line(line[:LINE_CHARACTERS])
    text = _VARYING.sub(lambda match: f"<{match.lastgroup}>", text)
    text = " ".join(_NUMBERS.sub("<n>", text).split())
    return text if len(text) <= TEXT_CHARACTERS else f"{text[:TEXT_CHARACTERS]}…"


def _ending(job: Job) -> str:
    if job.state is JobState.FAILED and job.signal is not None:
        return f"signal {job.signal}"
    if job.state is JobState.FAILED and job.exit_code is not None:
        return f"exit {job.exit_code}"
    return job.state.value.replace("_", " ")


def _exception(lines: list[str]) -> str:
    """Return what the last Python traceback ends with: the first line that is not indented."""
    starts = [index for index, line in enumerate(lines) if _TRACEBACK.search(line)]
    after = lines[starts[-1] + 1 :] if starts else []
    return next((line for line in after if not line[0].isspace()), "")


def _last_error(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if _ERROR.search(line)), "")


def _last(lines: list[str]) -> str:
    return lines[-1] if lines else ""
