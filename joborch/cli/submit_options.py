"""The options of ``submit``, ``run`` and of ``#JOBORCH`` lines, declared once."""

from typing import Annotated

import typer

Arguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SCRIPT|DIR|-] [FILE]...", show_default=False, help="What to run."),
]
Service = Annotated[
    str | None,
    typer.Option("-s", "--service", metavar="NAME", help="Default: the only one there is."),
]
User = Annotated[str | None, typer.Option("-u", "--user", metavar="ID", help="Whose job it is.")]
Name = Annotated[
    str | None, typer.Option("-n", "--name", metavar="TEXT", help="Default: the script's.")
]
Priority = Annotated[
    int | None,
    typer.Option(
        "-p", "--priority", metavar="0..100", min=0, max=100, help="Higher goes first; default 50."
    ),
]
Tags = Annotated[
    list[str] | None, typer.Option("-t", "--tag", metavar="K=V", help="A label, to find it by.")
]
Env = Annotated[
    list[str] | None,
    typer.Option("-e", "--env", metavar="K[=V]", help="Environment; K alone: as it is here."),
]
EnvFile = Annotated[
    list[str] | None,
    typer.Option("--env-file", metavar="FILE", help="Environment, one K=V or K a line."),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("-i", "--input", metavar="SRC[:DEST]", help="A file, under another name."),
]
Exclude = Annotated[
    list[str] | None, typer.Option("-x", "--exclude", metavar="GLOB", help="Files to leave out.")
]
Array = Annotated[
    str | None,
    typer.Option("-a", "--array", metavar="SPEC", help="One job an index: 1-250, 1-9%3."),
]
TimeLimit = Annotated[
    str | None, typer.Option("--time-limit", metavar="DUR", help="How long it may run: 90s, 1h30m.")
]
MaxAttempts = Annotated[
    int | None, typer.Option("--max-attempts", metavar="N", min=1, help="When hosts fail under it.")
]
Hold = Annotated[bool, typer.Option("--hold", help="Wait until released.")]
Begin = Annotated[
    str | None, typer.Option("--begin", metavar="WHEN", help="Not before: 2h, 14:30, ISO.")
]
Afters = Annotated[
    list[str] | None,
    typer.Option("--after", metavar="SEL", help="Start once each of these jobs has completed."),
]
AfterAny = Annotated[
    list[str] | None,
    typer.Option("--after-any", metavar="SEL", help="Start once each has ended, however."),
]

Each = Annotated[
    list[str] | None,
    typer.Option("--each", metavar="GLOB", help="One job a file; {} {name} {stem} {ext} {i}."),
]
EachDirectory = Annotated[
    list[str] | None,
    typer.Option("--each-dir", metavar="GLOB", help="One job a directory, with its files."),
]
EachLine = Annotated[
    str | None,
    typer.Option("--each-line", metavar="FILE", help="One job a line, in JOBORCH_ITEM and {}."),
]
Csv = Annotated[
    str | None,
    typer.Option("--csv", metavar="FILE", help="One job a row; columns in the environment, {COL}."),
]
Jsonl = Annotated[
    str | None,
    typer.Option("--jsonl", metavar="FILE", help="One job an object, one object a line."),
]
LedgerFile = Annotated[
    str | None,
    typer.Option("--ledger", metavar="FILE", help="Remember item and job; again: what is missing."),
]
Parallel = Annotated[
    int, typer.Option("-j", "--jobs", metavar="N", min=1, max=32, help="Uploads at a time.")
]

Sbatch = Annotated[
    bool, typer.Option("--sbatch", help="Read the script's #SBATCH lines, and set SLURM_JOB_ID.")
]
Key = Annotated[
    str | None,
    typer.Option(
        "-k", "--key", metavar="TEXT", help="Submitting again under this key changes nothing."
    ),
]
Wait = Annotated[bool, typer.Option("-w", "--wait", help="Wait for the end.")]
Follow = Annotated[bool, typer.Option("-f", "--follow", help="Show the output.")]
Fetch = Annotated[str | None, typer.Option("--fetch", metavar="DIR", help="Wait, then download.")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Wait until the first fails.")]
Propagate = Annotated[bool, typer.Option("--propagate", help="Exit as the job did.")]
CancelOnInterrupt = Annotated[
    bool, typer.Option("--cancel-on-interrupt", help="Ctrl-C ends the job too.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")]
