"""``sbatch`` and ``srun``: from Slurm's flags and ``#SBATCH`` lines to ``joborch submit``."""

import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from joborch.cli.exits import UsageError
from joborch.cli.slurm.errands import joborch, jobs_named, quietly
from joborch.cli.slurm.flags import Parsed, parse
from joborch.cli.slurm.wishes import OF_A_JOB, wishes_of, with_numbers
from joborch.cli.slurm.wrapper import SCRIPT, wrapper
from joborch.cli.staging import SCRIPT as RUN
from joborch.cli.wishes import Wishes
from joborch.domain.selectors import spelt

SRUN = {name: OF_A_JOB[name] for name in ("name", "service", "limit", "export")} | {
    "quiet": "-Q --quiet"
}
SBATCH = (
    SRUN
    | OF_A_JOB
    | {
        "wait": "-W --wait",
        "parsable": "--parsable",
        "test": "--test-only",
        "wrap": "--wrap=",
    }
)


def sbatch(words: Sequence[str]) -> int:
    """Submit a script, which may be on standard input, or what ``--wrap`` says."""
    given = parse("sbatch", SBATCH, list(with_numbers(words)), stops_early=True)
    script, name = _script(given)
    said = parse("sbatch", SBATCH, list(_directives(script)))
    if said.words:
        raise UsageError(f"#SBATCH {said.words[0]} is no flag")
    flags = Parsed(said.values | given.values)
    wishes = wishes_of(flags, datetime.now(UTC))
    with tempfile.TemporaryDirectory(prefix="joborch-sbatch-") as directory:
        run = _wrapped(wishes.name or name, wishes.array, given.words[1:])
        files = _staged(Path(directory), {RUN: run, SCRIPT: script})
        options = ["-n", wishes.name or name, *_options(wishes)]
        if flags.has("test"):
            return joborch("submit", "--dry-run", *options, *files)
        code, printed = quietly("submit", "-q", *options, *files)
    return code if code else _submitted([int(word) for word in printed.split()], flags)


def srun(words: Sequence[str]) -> int:
    """Submit a command, show what it writes, and end as it does."""
    given = parse("srun", SRUN, words, stops_early=True)
    if not given.words:
        raise UsageError("srun: which command?", hint="srun -p SERVICE COMMAND…")
    name = given.get("name") or Path(given.words[0]).name
    options = _options(wishes_of(given, datetime.now(UTC)))
    code, printed = quietly("submit", "-q", "-n", name, *options, "--", *given.words)
    if code:
        return code
    (job_id,) = printed.split()
    joborch("logs", "-f", job_id)
    return joborch("wait", "-q", "--progress", "never", "--propagate", job_id)


def _submitted(ids: list[int], flags: Parsed) -> int:
    first = ids[0]
    sys.stdout.write(f"{first}\n" if flags.has("parsable") else f"Submitted batch job {first}\n")
    sys.stdout.flush()
    if not flags.has("wait"):
        return 0
    options = ["--propagate"] if len(ids) == 1 else []
    return joborch("wait", "-q", "--progress", "never", *options, spelt(ids))


def _script(given: Parsed) -> tuple[bytes, str]:
    """Return the script, and what Slurm would call its job."""
    if (command := given.get("wrap")) is not None:
        if given.words:
            raise UsageError("sbatch: a script or --wrap, not both")
        return f"#!/bin/sh\n\n{command}\n".encode(), "wrap"
    if given.words:
        path = Path(given.words[0])
        return path.read_bytes(), path.name
    if sys.stdin.isatty():
        raise UsageError("sbatch: which script?", hint="sbatch run.sh, or sbatch --wrap COMMAND")
    return sys.stdin.buffer.read(), "sbatch"


def _directives(script: bytes) -> Iterator[str]:
    """Yield the words of the ``#SBATCH`` lines above the first command."""
    for line in script.decode(errors="replace").splitlines():
        if line.strip() and not line.startswith("#"):
            return
        if line.startswith("#SBATCH"):
            yield from with_numbers(shlex.split(line.removeprefix("#SBATCH"), comments=True))


def _wrapped(name: str, array: str | None, arguments: Sequence[str]) -> bytes:
    try:
        return wrapper(name, array=array, arguments=arguments)
    except ValueError as error:
        raise UsageError(f"sbatch: {error}") from error


def _staged(directory: Path, files: Mapping[str, bytes]) -> list[str]:
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return [str(directory / name) for name in files]


def _options(wishes: Wishes) -> Iterator[str]:
    """Write wishes as options of ``joborch submit``."""
    valued = {
        "-s": wishes.service,
        "-a": wishes.array,
        "-p": wishes.priority,
        "--time-limit": wishes.time_limit,
        "--begin": wishes.begin,
        "--max-attempts": wishes.max_attempts,
    }
    for option, value in valued.items():
        yield from [] if value is None else [option, str(value)]
    yield from ["--hold"] if wishes.is_held else []
    for option, numbers in {"--after": wishes.after, "--after-any": wishes.after_any}.items():
        yield from [option, _ids_of(numbers)] if numbers else []
    for variable in wishes.env:
        yield from ["-e", variable]


def _ids_of(numbers: Sequence[str]) -> str:
    return spelt([job.id for job in jobs_named("sbatch", numbers)])
