"""Which commands there are, and nothing of what they do: a TAB reads this, and loads no more."""

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a command is, and its line in the list of commands."""

    target: str
    help: str
    is_client: bool = True
    """Whether it speaks to a server, and so has the common options."""
    alias_of: str | None = None
    is_outer: bool = False
    """Whether what follows its first argument is for another program, options and all."""
    wraps_another: bool = False
    """Whether what follows ``--`` is a command line to be run as a job."""


COMMANDS = {
    "submit": Entry(
        "joborch.cli.submit:submit", "Queue one job or an array of jobs.", wraps_another=True
    ),
    "run": Entry(
        "joborch.cli.run_job:run_job",
        "Submit, show the output, fetch the results.",
        wraps_another=True,
    ),
    "status": Entry("joborch.cli.status:status", "Show jobs, or one job in detail."),
    "ps": Entry("joborch.cli.status:status", "The same as status.", alias_of="status"),
    "wait": Entry("joborch.cli.wait:wait", "Wait until jobs have ended."),
    "logs": Entry("joborch.cli.logs:logs", "Show what a job writes."),
    "fetch": Entry("joborch.cli.fetch:fetch", "Download results."),
    "explain": Entry("joborch.cli.explain:explain", "Say why a job waits."),
    "cancel": Entry("joborch.cli.cancel:cancel", "End jobs."),
    "retry": Entry("joborch.cli.retry:retry", "Submit jobs that have ended again."),
    "hold": Entry("joborch.cli.hold:hold", "Keep waiting jobs from starting."),
    "release": Entry("joborch.cli.release:release", "Let held jobs go."),
    "set": Entry("joborch.cli.set:set_values", "Change jobs that wait."),
    "agents": Entry("joborch.cli.agents:agents", "Show agents, drain, resume and remove them."),
    "services": Entry("joborch.cli.services:services", "Show services, pause and resume them."),
    "quota": Entry("joborch.cli.quota:quota", "Show how much a user has, and set how much."),
    "stats": Entry("joborch.cli.stats:stats", "Show the pace, and when the queue is empty."),
    "events": Entry("joborch.cli.events:events", "Show what happens to jobs, and what happened."),
    "top": Entry("joborch.cli.top:top", "Watch everything, live."),
    "demo": Entry("joborch.cli.demo:demo", "See it all at work, for a minute."),
    "whoami": Entry("joborch.cli.whoami:whoami", "Show user, server, profile and token."),
    "login": Entry("joborch.cli.login:login", "Keep a token for a server."),
    "logout": Entry("joborch.cli.logout:logout", "Forget a server's token."),
    "config": Entry("joborch.cli.config:config", "Show and change the configuration."),
    "doctor": Entry("joborch.cli.doctor.command:doctor", "Say what works, and what to do."),
    "serve": Entry("joborch.cli.serve:serve", "Run the server.", is_client=False),
    "agent": Entry("joborch.cli.agent:agent", "Run jobs on this host.", is_client=False),
    "client": Entry(
        "joborch.cli.agent:agent", "The same as agent.", is_client=False, alias_of="agent"
    ),
    "import": Entry(
        "joborch.cli.import_original:import_original",
        "Take over an original server's jobs.",
        is_client=False,
    ),
    "check": Entry("joborch.cli.check:check", "Audit a server's data.", is_client=False),
    "compat": Entry(
        "joborch.cli.compat:compat", "Work as Slurm's programs do.", is_client=False, is_outer=True
    ),
    "completion": Entry(
        "joborch.cli.completion:completion", "Let TAB complete words.", is_client=False
    ),
}
