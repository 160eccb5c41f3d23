"""``scancel``, ``scontrol`` and the small programs: each is one of joborch's own commands."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from joborch.cli.exits import PARTIAL, REFUSED, UsageError
from joborch.cli.slurm.errands import joborch, jobs_like, jobs_named, me, passing, quietly
from joborch.cli.slurm.flags import parse, refusal
from joborch.cli.slurm.words import seconds, states
from joborch.client import JobQuery
from joborch.domain.selectors import spelt
from joborch.domain.states import JobState
from joborch.domain.text import one_line

SCANCEL = {
    "user": "-u= --user=",
    "me": "--me",
    "states": "-t= --state=",
    "names": "-n= --name= --jobname=",
    "service": "-p= --partition=",
    "signal": "-s= --signal=",
    "quiet": "-Q --quiet",
}
FILTERS = ("user", "me", "states", "names", "service")
SIGNALS: dict[str, tuple[str, ...]] = {"TERM": (), "15": (), "KILL": ("--now",), "9": ("--now",)}
CHANGES = {"priority": "priority", "timelimit": "time_limit", "jobname": "name", "name": "name"}
DRAINING = {"drain": "drain", "resume": "resume", "idle": "resume", "undrain": "resume"}
LIMITS = frozenset({"assoc", "association", "associations", "limits", "user", "users"})
DEEDS: dict[str, tuple[str, ...]] = {
    "hold": ("hold",),
    "uhold": ("hold",),
    "release": ("release",),
    "requeue": ("retry", "--completed"),
}


def scancel(words: Sequence[str]) -> int:
    """End jobs: those that are named, or one's own that the filters choose."""
    given = parse("scancel", SCANCEL, words)
    signal = (given.get("signal") or "TERM").upper().removeprefix("SIG")
    if signal not in SIGNALS:
        raise refusal(
            "scancel", f"--signal {signal}", "joborch cancel sends SIGTERM, --now SIGKILL"
        )
    is_filtered = any(map(given.has, FILTERS))
    if not given.words and not is_filtered:
        raise UsageError("scancel: which jobs?", hint="scancel ID, or scancel -u USER")
    wanted = states("scancel", given.get("states") or "all") or "active"
    user, service, names = given.get("user"), given.get("service"), given.get("names")
    user = me() if given.has("me") else user
    if given.words:
        found = jobs_named("scancel", given.words)
        state = wanted if given.has("states") else None
        found = passing(found, user_id=user, service=service, name=names, state=state)
    else:
        query = JobQuery(user=user or me(), service=service, state=wanted)
        found = passing(jobs_like(query), name=names)
    ids = sorted(job.id for job in found if not JobState(job.state).is_terminal)
    if not ids:
        return 0  # as Slurm does: nothing is left to be ended
    return _cancelled(["--yes", *SIGNALS[signal], spelt(ids)])


def _cancelled(words: Sequence[str]) -> int:
    """Cancel, and say what went wrong; that a job ended meanwhile is what was wanted."""
    code, printed = quietly("cancel", "--json", *words)
    if code not in {PARTIAL, REFUSED} or not printed:
        return code
    items = json.loads(printed)["items"]
    wrong = [item for item in items if not item["ok"] and not _has_ended(item)]
    for item in wrong:
        sys.stderr.write(one_line(f"scancel: job {item['id']}: {item['message']}") + "\n")
    return code if wrong else 0


def _has_ended(item: dict[str, Any]) -> bool:
    return item["state"] is not None and JobState(item["state"]).is_terminal


def scontrol(words: Sequence[str]) -> int:
    """Show, hold, release, requeue and change jobs; drain agents."""
    if not words:
        raise UsageError("scontrol: what?", hint="scontrol show job ID")
    verb, rest = words[0].lower(), words[1:]
    if verb == "show":
        return _show(rest)
    if verb == "update":
        return _update(rest)
    if verb in DEEDS and rest:
        ids = spelt([job.id for job in jobs_named(f"scontrol {verb}", _numbers(rest))])
        return quietly(*DEEDS[verb], "-q", "--yes", ids)[0]
    raise refusal("scontrol", " ".join(words[:2]), "joborch set, hold, release, retry and agents")


def sinfo(words: Sequence[str]) -> int:
    """Show the agents."""
    given = parse("sinfo", {"usual": "-N --Node -a --all", "names": "-n= --nodes="}, words)
    names = given.get("names")
    return joborch("agents", *(names.split(",") if names else []))


def seff(words: Sequence[str]) -> int:
    """Show a job in detail."""
    return joborch("status", *_one("seff", words))


def sattach(words: Sequence[str]) -> int:
    """Show what a job writes, as it writes it."""
    return joborch("logs", "-f", *_one("sattach", words))


def sprio(words: Sequence[str]) -> int:
    """Say why a job waits, and what is before it."""
    given = parse("sprio", {"jobs": "-j= --jobs="}, words)
    return joborch("explain", *_one("sprio -j", [given.get("jobs") or ""]))


def sacctmgr(words: Sequence[str]) -> int:
    """Show how much users may have; what is set is set by joborch's own command."""
    given = parse("sacctmgr", {"usual": "-i --immediate"}, words)
    verb, *rest = [*given.words, ""]
    kind, *conditions = [*filter(None, rest), ""]
    users = [word.partition("=")[2] for word in conditions if word.lower().startswith("user=")]
    is_known = len(users) == len([*filter(None, conditions)]) <= 1
    if verb.lower() not in {"show", "list"} or kind.lower() not in LIMITS or not is_known:
        hint = "joborch quota USER shows it, joborch quota set USER SERVICE running=N sets it"
        raise refusal("sacctmgr", " ".join(given.words), hint)
    return joborch("quota", *(users or ["-A"]))


def sshare(words: Sequence[str]) -> int:
    """Refuse: there are no shares here."""
    hint = (
        "users take turns; joborch explain ID says why a job waits, joborch quota how much is used"
    )
    raise refusal("sshare", " ".join(words), hint)


def _one(program: str, words: Sequence[str]) -> list[str]:
    if len(words) != 1 or not words[0]:
        raise UsageError(f"{program}: which job?", hint=f"{program} ID")
    return [str(job.id) for job in jobs_named(program, words)[:1]]


def _show(words: Sequence[str]) -> int:
    kind, _, name = "=".join(words[:2]).partition("=")
    match kind.lower():
        case "job" | "jobid" if name:
            return joborch("status", *_one("scontrol show job", [name]))
        case "job":
            return joborch("status", "-A")
        case "node" | "nodes" | "nodename":
            return joborch("agents", *([name] if name else []))
    raise refusal("scontrol", f"show {kind}", "joborch status, joborch agents")


def _update(words: Sequence[str]) -> int:
    pairs = [word.partition("=")[::2] for word in words]
    given = {key.lower(): value for key, value in pairs}
    if "nodename" in given:
        return _update_node(given)
    number = given.pop("jobid", None) or given.pop("job", None)
    if not number:
        raise UsageError("scontrol update: which job?", hint="scontrol update JobId=ID Priority=80")
    if unknown := [key for key in given if key not in CHANGES]:
        raise refusal(
            "scontrol", f"update {unknown[0]}=", "joborch set ID priority= time_limit= name="
        )
    changes = [f"{CHANGES[key]}={_value(key, value)}" for key, value in given.items()]
    ids = spelt([job.id for job in jobs_named("scontrol update", [number])])
    return quietly("set", "-q", "--yes", ids, *changes)[0]


def _value(key: str, value: str) -> str:
    return f"{seconds(value)}s" if key == "timelimit" else value


def _update_node(given: dict[str, str]) -> int:
    state = given.get("state", "").lower()
    if state not in DRAINING:
        raise refusal("scontrol", f"update State={state}", "State=DRAIN or State=RESUME")
    return quietly("agents", DRAINING[state], *given["nodename"].split(","))[0]


def _numbers(words: Sequence[str]) -> list[str]:
    return [word.lower().removeprefix("jobid=") for word in words]
