"""What can stand where: the values of options and the arguments of commands, by kind.

A kind imports what it needs when it is asked: most TABs are about another, or about none.
"""

from collections.abc import Callable, Iterator, Sequence

from joborch.cli.completing.site import Site

Found = Iterator[tuple[str, str]]
"""Values with a word about each."""
FILES, DIRECTORIES = ":files", ":directories"
"""What the shell completes better itself."""


def words(*values: str) -> Callable[[Site], Found]:
    """Return a kind that is just these words."""
    return lambda _: ((value, "") for value in values)


def services(site: Site) -> Found:
    """Yield the services."""
    for each in site.services():
        yield each["name"], f"{each.get('active', '?')} active"


def agents(site: Site) -> Found:
    """Yield the agents."""
    for each in site.agents():
        yield each["name"], each["state"]


def users(site: Site) -> Found:
    """Yield the users that have work or had some of late."""
    active = [each["user_id"] for each in site.usage()]
    recent = [job["user_id"] for job in site.jobs()]
    for user_id in dict.fromkeys([*active, *recent]):
        yield user_id, ""


def tags(site: Site) -> Found:
    """Yield the tags of recent jobs."""
    found = (f"{key}={value}" for job in site.jobs() for key, value in job["tags"].items())
    for tag in dict.fromkeys(found):
        yield tag, ""


def states(_: Site) -> Found:
    """Yield states and groups of states."""
    from joborch.domain.states import GROUPS, JobState

    for state in JobState:
        yield state.value, ""
    for name, members in GROUPS.items():
        yield name, " ".join(sorted(members))


def states_or_held(site: Site) -> Found:
    """Yield states, groups of states, and the fact that can be asked for like one."""
    yield from states(site)
    yield "held", "waiting to be released"


def jobs(wanted: str = "") -> Callable[[Site], Found]:
    """Return the kind of a selector: batches and ids newest first, then ``@groups``, ``last``."""

    def found(site: Site) -> Found:
        # What needs no server comes last, but comes even if there is none.
        try:
            newest = site.jobs(wanted)
        except Exception:
            newest = []
        yield from _named(newest)
        for state, about in states_or_held(site):
            yield f"@{state}", about if state == "held" else ""
        yield "last", "what you submitted last"

    return found


def variables(_: Site) -> Found:
    """Yield the names in the environment."""
    import os

    for name in sorted(os.environ):
        yield name, ""


def profiles(_: Site) -> Found:
    """Yield the profiles of the configuration file."""
    import os
    import tomllib

    from joborch.client.places import config_path

    for name in tomllib.loads(config_path(os.environ).read_text()).get("profile", {}):
        yield name, ""


def filters(site: Site) -> Found:
    """Yield the keys of filters, and what can stand behind some of them."""
    from joborch.domain.filter_keys import KEYS

    for key, each in KEYS.items():
        yield f"{key}{each.operators[0]}", f"like {each.example}"
    sources = {"state": states, "user": users, "service": services, "agent": agents, "tag": tags}
    for key, source in sources.items():
        try:
            yield from [(f"{key}:{value}", about) for value, about in source(site)]
        except Exception:  # noqa: S112 - what needs no server is still there
            continue


def _named(newest: Sequence[dict[str, object]]) -> Found:
    from joborch.domain.text import one_line

    seen: set[object] = set()
    for job in newest:
        if job["batch"] and job["batch"] not in seen:
            seen.add(job["batch"])
            yield str(job["batch"]), f"{one_line(str(job['name']))}, a batch"
        yield str(job["id"]), f"{one_line(str(job['name']))} {job['state']}"


Kind = Callable[[Site], Found] | str

BY_OPTION: dict[str, Kind] = {
    "--service": services,
    "--user": users,
    "--agent": agents,
    "--tag": tags,
    "--state": states_or_held,
    "--only": states_or_held,
    "--after": jobs("active"),
    "--after-any": jobs("active"),
    "--for": states,
    "--filter": filters,
    "--profile": profiles,
    "--env": variables,
    "--format": words("table", "wide", "plain", "tsv", "csv", "json", "ndjson", "ids"),
    "--color": words("auto", "always", "never"),
    "--progress": words("auto", "always", "plain", "never"),
    "--log-format": words("auto", "console", "json"),
    "--backend": words("local", "seed"),
    "--compat": words("v1", "v2"),
    "--graph": words("braille", "block", "ascii"),
    "--screen": words("jobs", "users", "agents", "services", "throughput", "events"),
}
LISTS = {"--state", "--only", "--for"}
"""Options whose value is several words with commas."""
BY_METAVAR: dict[str, Kind] = {
    "FILE": FILES,
    "FILE|-": FILES,
    "PATH": FILES,
    "PATH|-": FILES,
    "GLOB": FILES,
    "SRC[:DEST]": FILES,
    "DIR": DIRECTORIES,
}
BY_COMMAND: dict[str, Kind] = {
    **dict.fromkeys(("submit", "run", "import", "check"), FILES),
    **dict.fromkeys(("status", "ps", "wait", "logs", "fetch"), jobs()),
    "explain": jobs("queued"),
    "cancel": jobs("active"),
    "hold": jobs("queued"),
    "release": jobs("queued"),
    "set": jobs("queued"),
    "retry": jobs("done"),
    "agents": agents,
    "services": services,
    "quota": users,
    "completion": words("bash", "zsh", "fish"),
    "compat": words("slurm"),
}
VERBS: dict[str, tuple[str, ...]] = {
    "agents": ("drain", "resume", "rm"),
    "services": ("pause", "resume"),
    "quota": ("set",),
    "config": ("list", "get", "set", "unset", "path", "edit", "use", "show-origin"),
}
"""What may be a command's first argument, beside a name."""
QUOTA: tuple[Kind, ...] = (users, services, words("running=", "queued="))
"""What follows ``quota set``, one after the other; the last of them again and again."""
