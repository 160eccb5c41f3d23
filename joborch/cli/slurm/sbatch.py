"""``sbatch`` and ``srun``: from Slurm's flags and ``#SBATCH`` lines to ``joborch submit``."""

import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from joborch.cli.exits import UsageError
from joborch.cli.slurm.errands import joborch, quietly
from joborch.cli.slurm.flags import Parsed, parse, refusal
from joborch.cli.slurm.words import begin, seconds
from joborch.domain.selectors import spelt

SRUN = {
    "name": "-J= --job-name=",
    "service": "-p= --partition=",
    "limit": "-t= --time=",
    "export": "--export=",
    "quiet": "-Q --quiet",
}
SBATCH = SRUN | {
    "array": "-a= --array=",
    "hold": "-H --hold",
    "begin": "-b= --begin=",
    "wait": "-W --wait",
    "parsable": "--parsable",
    "test": "--test-only",
    "wrap": "--wrap=",
    "requeue": "--requeue",
    "no_requeue": "--no-requeue",
}
SCRIPT = "slurm_script"
WRAPPER = """#!/bin/sh
# Slurm's variables, and then the script that sbatch was given.
export SLURM_JOB_ID="$JOBORCH_JOB_ID" SLURM_JOBID="$JOBORCH_JOB_ID"
export SLURM_JOB_NAME={name} SLURM_JOB_PARTITION="$JOBORCH_SERVICE"
[ -z "$JOBORCH_ARRAY_INDEX" ] || export SLURM_ARRAY_TASK_ID="$JOBORCH_ARRAY_INDEX"
chmod u+x {script} && exec ./{script}{arguments}
"""


def sbatch(words: Sequence[str]) -> int:
    """Submit a script, which may be on standard input, or what ``--wrap`` says."""
    given = parse("sbatch", SBATCH, words, stops_early=True)
    script, name = _script(given)
    said = parse("sbatch", SBATCH, list(_directives(script)))
    if said.words:
        raise UsageError(f"#SBATCH {said.words[0]} is no flag")
    flags = Parsed(said.values | given.values)
    with tempfile.TemporaryDirectory(prefix="joborch-sbatch-") as directory:
        files = _staged(Path(directory), script, flags.get("name") or name, given.words[1:])
        options = ["-n", flags.get("name") or name, *_options(flags)]
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
    code, printed = quietly("submit", "-q", "-n", name, *_options(given), "--", *given.words)
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
            yield from shlex.split(line.removeprefix("#SBATCH"), comments=True)


def _staged(directory: Path, script: bytes, name: str, arguments: Sequence[str]) -> list[str]:
    tail = f" {shlex.join(arguments)}" if arguments else ""
    wrapper = WRAPPER.format(name=shlex.quote(name), script=SCRIPT, arguments=tail)
    (directory / "run.sh").write_text(wrapper)
    (directory / SCRIPT).write_bytes(script)
    return [str(directory / "run.sh"), str(directory / SCRIPT)]


def _options(flags: Parsed) -> Iterator[str]:
    now = datetime.now(UTC)
    valued = {
        "-s": flags.get("service"),
        "-a": flags.get("array"),
        "--time-limit": _limit(flags.get("limit")),
        "--begin": begin(at, now) if (at := flags.get("begin")) else None,
        "--max-attempts": "1" if flags.has("no_requeue") else None,
    }
    for option, value in valued.items():
        yield from [option, value] if value else []
    yield from ["--hold"] if flags.has("hold") else []
    for variable in _exported(flags.get("export")):
        yield from ["-e", variable]


def _limit(text: str | None) -> str | None:
    return f"{seconds(text)}s" if text else None


def _exported(text: str | None) -> list[str]:
    if text is None or text.upper() in {"NONE", "NIL"}:
        return []
    names = [word for word in text.split(",") if word]
    if "ALL" in names:
        raise refusal("sbatch", "--export=ALL", "name the variables: --export=PATH,OMP_NUM_THREADS")
    return names
