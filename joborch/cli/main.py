"""The command line's entrance: which commands there are, and nothing of what they do.

A command's module is imported when that command runs, so that each pays only for itself.
"""

import importlib
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer._click import Context, HelpFormatter, Parameter
from typer.core import TyperCommand, TyperGroup

from joborch.cli import exits, options


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is, and its line in the list of commands."""

    target: str
    help: str
    is_client: bool = True
    """Whether it speaks to a server, and so has the common options."""
    alias_of: str | None = None
    is_outer: bool = False
    """Whether what follows its first argument is for another program, options and all."""


COMMANDS = {
    "submit": Entry("joborch.cli.submit:submit", "Queue one job or an array of jobs."),
    "run": Entry("joborch.cli.run_job:run_job", "Submit, show the output, fetch the results."),
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
    "agents": Entry("joborch.cli.agents:agents", "Show agents, drain and resume them."),
    "services": Entry("joborch.cli.services:services", "Show services and how full they are."),
    "quota": Entry("joborch.cli.quota:quota", "Show how much a user has of what there is."),
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

COMPLETE = "__complete"
"""What shells call at a TAB; it is no command of anybody's."""


class Command(TyperCommand):
    """A command whose errors become an exit code, and which leaves what follows ``--`` alone."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Keep everything after the first ``--`` apart, for commands that take a command."""
        cut = args.index("--") if "--" in args else None
        ctx.meta["joborch.tail"] = None if cut is None else args[cut + 1 :]
        return super().parse_args(ctx, args[:cut] if cut is not None else args)

    def invoke(self, ctx: Context) -> Any:
        """Run the command; what it raises is reported, and its code becomes the exit code."""
        with exits.boundary(options.Common()):
            return super().invoke(ctx)


class ClientCommand(Command):
    """A command that has the common options too; ``ctx.obj`` holds them."""

    def __init__(self, name: str | None, *, params: list[Parameter], **rest: Any) -> None:
        super().__init__(name, params=[*params, *_common_parameters()], **rest)

    def invoke(self, ctx: Context) -> Any:
        """Take the common options out of the parameters and run the command."""
        before = ctx.obj if isinstance(ctx.obj, options.Common) else options.Common()
        ctx.obj = options.take(ctx.params).over(before)
        with exits.boundary(ctx.obj):
            return TyperCommand.invoke(self, ctx)


class Commands(TyperGroup):
    """All commands, each imported only when it is asked for."""

    def invoke(self, ctx: Context) -> Any:
        """Keep the common options that stood before the command's name, and run the command."""
        ctx.obj = options.take(ctx.params)
        return super().invoke(ctx)

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Any:
        """Import a command's module and make the command; None if there is none."""
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else load(cmd_name, entry)

    def resolve_command(self, ctx: Context, args: list[str]) -> Any:
        """Find the command, or what an alias stands for; suggest the nearest for a misspelt one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from joborch.cli.aliases import expansion

            args = [*(expansion(name, ctx.obj) or [name]), *args[1:]]
            name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f"did you mean `joborch {near[0]}`?" if near else "see `joborch --help`"
            raise exits.UsageError(f"there is no command {name!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """List the commands from the table; none is imported."""
        shown = [(name, e.help) for name, e in COMMANDS.items() if e.alias_of is None]
        with formatter.section("Commands"):
            formatter.write_dl(shown)


def load(name: str, entry: Entry) -> TyperCommand:
    """Make a command from its function, with its module's examples in front of the help."""
    path, _, function = entry.target.partition(":")
    module = importlib.import_module(path)
    examples = "\n".join(
        f"  {line}" for line in getattr(module, "EXAMPLES", "").split("\n") if line
    )
    app = _typer()
    app.command(
        name,
        cls=ClientCommand if entry.is_client else Command,
        help=f"{entry.help}\n\n\b\nExamples:\n{examples}" if examples else entry.help,
        context_settings={
            "help_option_names": ["-h", "--help"],
            "max_content_width": 100,
            "allow_interspersed_args": not entry.is_outer,
        },
    )(getattr(module, function))
    command = typer.main.get_command(app)
    if not isinstance(command, TyperCommand):
        raise TypeError(f"{entry.target} is not a single command")
    command.name = name
    return command


def entrance(
    context: typer.Context,
    version: Annotated[bool, typer.Option("-V", "--version", help="Show the version.")] = False,
) -> None:
    """Answer what needs no command."""
    if version:
        from joborch.cli.version import version_line

        typer.echo(version_line(context.obj))


def main(arguments: list[str] | None = None) -> int:
    """Run one command line and return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == [COMPLETE]:
        from joborch.cli.completing.answer import answer

        return answer(arguments[1:])
    with exits.outermost(arguments) as outcome:
        code = root().main(args=arguments, prog_name="joborch", standalone_mode=False)
        outcome.code = code if isinstance(code, int) else 0
    return outcome.code


def run() -> None:
    """Be the program ``joborch``."""
    sys.exit(main())


def root() -> TyperGroup:
    """Make joborch itself, with the options that may stand before a command."""
    app = _typer()
    app.callback(
        cls=Commands,
        invoke_without_command=True,
        no_args_is_help=True,
        help="A dependable job orchestrator: queues, quotas, agents, results.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )(entrance)
    group = typer.main.get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError("the root has commands")
    group.params += _common_parameters()
    return group


def _common_parameters() -> list[Parameter]:
    app = _typer()
    app.command()(options.declaration)
    return typer.main.get_command(app).params


def _typer() -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


if __name__ == "__main__":
    run()
