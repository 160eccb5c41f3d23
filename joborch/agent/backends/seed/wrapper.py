"""What is sent to a client of the original in place of a job, so that what comes back can be told.

The client stores files flat under their last names, executes ``bash run.sh`` beside them, and packs
the directory. It cannot pass on an exit status, the output, or the results of a failed job; an
``output.zip`` of the job's own it takes for the results; links make it send files of its host, and
pipes make it hang; words in the script that it thinks dangerous, and be it in the name of a file,
make it refuse. One that was restarted counts from one again, over the directories of its last life.
So it gets the inputs under flat names with a script that puts them into place, runs the job in a
directory of its own, and leaves beside it how the job ended and what it printed.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SCRIPT = "run.sh"
_SCRIPT = """\
#!/bin/bash
# Made by joborch. The line below is for clients that look for it.
trap 'echo $? > .orchestrator.exit' EXIT
. ./{mark}.sh
"""
_SUPERVISOR = """\
mark={mark}
# One that is there already is of another job that had the same id in an earlier life of the client.
rm -f output.zip
mkdir -p {folders} || exit 1
{moves}
chmod u+x {home}/run.sh
export JOBORCH_WORKDIR="$PWD/{home}"
{exports}
why=exited job= watchdog= killer=
end() {{
  why=$1
  [ -n "$job" ] || return 0
  kill -TERM -- "-$job" 2>/dev/null
  (sleep {grace}; kill -KILL -- "-$job") 2>/dev/null &
  killer=$!
}}
trap '[ "$why" = exited ] && end cancelled' TERM INT HUP
trap '[ "$why" = exited ] && end timed_out' USR1
set -m
(cd {home} && exec {command}) </dev/null >"$mark.out" 2>"$mark.err" &
job=$!
[ "$why" = exited ] || end "$why"
{watchdog}
while :; do
  wait "$job"
  status=$?
  kill -0 "$job" 2>/dev/null || break
done
for group in "$job" $watchdog $killer; do kill -KILL -- "-$group"; done 2>/dev/null
find . ! -type f ! -type d -delete
find {home} -type d ! -perm -700 -exec chmod u+rwx {{}} +
find {home} -type f ! -perm -400 -exec chmod u+r {{}} +
printf '%s %s\\n' "$why" "$status" >"$mark.part" && mv "$mark.part" "$mark.exit"
exit 0
"""
_WATCHDOG = "(sleep {limit}; kill -USR1 $$) 2>/dev/null &\nwatchdog=$!"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent for one attempt."""

    scripts: Mapping[str, bytes]
    """What is sent beside them: in place of its ``run.sh`` one without a word of the job's, which
    executes another."""
    sent_as: Mapping[str, str]
    """Under which flat name each of its files goes, by its path in the work directory."""


def mark_of(token: str) -> str:
    """Return how the names begin of everything that is joborch's own, on the client's disk."""
    return f"joborch-{token}"


def home_of(mark: str) -> str:
    """Return the directory that the job runs in, below the client's."""
    return f"{mark}.job"


def parcel(
    paths: Sequence[str],
    *,
    mark: str,
    environment: Mapping[str, str],
    command: Sequence[str],
    time_limit_s: float | None,
    grace_s: float,
) -> Parcel:
    """Wrap a job whose files are at ``paths``, its own ``run.sh`` among them.

    ``command`` runs the script from the job's directory; ``mark`` tells this attempt's files from
    those of all others.
    """
    sent_as = {path: f"{mark}.in-{number}" for number, path in enumerate(paths, 1)}
    home = home_of(mark)
    folders = {home, *(f"{home}/{path.rpartition('/')[0]}" for path in paths if "/" in path)}
    supervisor = _SUPERVISOR.format(
        mark=mark,
        home=home,
        folders=" ".join(shlex.quote(folder) for folder in sorted(folders)),
        moves="\n".join(
            f"mv -- {sent} {shlex.quote(f'{home}/{path}')} || exit 1"
            for path, sent in sent_as.items()
        ),
        exports="\n".join(
            f"export {name}={shlex.quote(value)}" for name, value in environment.items()
        ),
        command=shlex.join(command),
        grace=f"{grace_s:g}",
        watchdog="" if time_limit_s is None else _WATCHDOG.format(limit=f"{time_limit_s:g}"),
    )
    scripts = {SCRIPT: _SCRIPT.format(mark=mark), f"{mark}.sh": supervisor}
    return Parcel(
        {name: text.encode("utf-8", "surrogateescape") for name, text in scripts.items()}, sent_as
    )
