"""Commands raise their exit; one that is returned or dropped ends the command with status 0."""

import ast
from pathlib import Path

import pytest

COMMANDS = Path(__file__).parents[2] / "joborch" / "cli"
EXITS = {"Exit", "Abort"}


def unraised_exits(source: str) -> list[int]:
    """Finds the lines that make an exit without raising it on the spot."""
    nodes = list(ast.walk(ast.parse(source)))
    raised = {id(node.exc) for node in nodes if isinstance(node, ast.Raise)}
    return [
        node.lineno
        for node in nodes
        if isinstance(node, ast.Call) and is_exit(node.func) and id(node) not in raised
    ]


def is_exit(called: ast.expr) -> bool:
    match called:
        case ast.Attribute(value=ast.Name(id="typer" | "click"), attr=name) | ast.Name(id=name):
            return name in EXITS
    return False


def test_no_command_returns_its_exit() -> None:
    paths = sorted(COMMANDS.rglob("*.py"))
    assert paths, "there are no commands to look at"
    found = [
        f"{path.relative_to(COMMANDS.parent)}:{line}"
        for path in paths
        for line in unraised_exits(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "write `raise typer.Exit(…)`"


@pytest.mark.parametrize(
    "source",
    [
        "def command():\n    return typer.Exit(3)",
        "def command():\n    typer.Exit(code=3)",
        "def command():\n    return Exit(3) if empty else None",
        "def command():\n    return typer.Abort()",
    ],
)
def test_an_exit_that_is_not_raised_is_found(source: str) -> None:
    assert unraised_exits(source) == [2]


@pytest.mark.parametrize(
    "source",
    [
        "def command():\n    raise typer.Exit(3)",
        "def command():\n    raise typer.Exit(3) from error",
        "def command():\n    return sys.exit(3)",
    ],
)
def test_an_exit_that_is_raised_is_fine(source: str) -> None:
    assert unraised_exits(source) == []
