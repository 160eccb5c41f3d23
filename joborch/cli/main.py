"""The command line's entrance: it finds the command that was meant, and has it run.

A command's module is imported when that command runs, so that each pays only for itself.
"""

import importlib
import sys
from typing import Annotated, Any

import typer
from typer._click import Context, HelpFormatter, Parameter
from typer.core import TyperCommand, TyperGroup

from joborch.cli import exits, options
from joborch.cli.commands import COMMANDS, Entry


class Command(TyperCommand):
    """A command whose errors become an exit code."""

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


class WrappingCommand(ClientCommand):
    """A command that is given another one after ``--``; for all others that ends the options."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Keep everything after the first ``--`` apart."""
        cut = args.index("--") if "--" in args else None
        ctx.meta["joborch.tail"] = None if cut is None else args[cut + 1 :]
        ctx.meta["joborch.words"] = args[:cut]
        return super().parse_args(ctx, args[:cut])


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
        cls=_kind(entry),
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


def _kind(entry: Entry) -> type[Command]:
    if entry.wraps_another:
        return WrappingCommand
    return ClientCommand if entry.is_client else Command


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
