"""``joborch completion``: print what a shell needs to complete joborch's words."""

import sys
from typing import Annotated

import typer

from joborch.cli.completing.scripts import SCRIPTS
from joborch.cli.exits import UsageError

EXAMPLES = """
joborch completion fish | source       as a line of ~/.config/fish/config.fish
source <(joborch completion bash)      as a line of ~/.bashrc
source <(joborch completion zsh)       as a line of ~/.zshrc
"""


def completion(shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish")]) -> None:
    """Print the functions by which a shell completes commands, options, jobs and names."""
    if shell not in SCRIPTS:
        raise UsageError(f"there is no completion for {shell!r}", hint="bash, zsh or fish")
    sys.stdout.write(SCRIPTS[shell].lstrip("\n"))
