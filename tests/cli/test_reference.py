"""Every option says what it is, is on the page of commands, and occurs in a test."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from joborch.cli.commands import COMMANDS
from joborch.cli.main import load
from tests.cli import reference

TESTS = Path(__file__).parents[1]


def options_of(name: str) -> Iterator[tuple[str, str]]:
    """Yield each option's longest name and its help."""
    for parameter in load(name, COMMANDS[name]).params:
        longest = max(parameter.opts, key=len)
        is_told = longest != "--help" and not getattr(parameter, "hidden", False)
        if longest.startswith("-") and is_told:
            yield longest, getattr(parameter, "help", "") or ""


def all_tests() -> str:
    return "\n".join(path.read_text() for path in TESTS.rglob("*.py"))


def test_the_page_is_what_the_commands_say() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run scripts/reference"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_is(command: str) -> None:
    assert [option for option, says in options_of(command) if not says] == []


def test_every_option_occurs_in_a_test() -> None:
    tests = all_tests()
    # test_serve_flags.py and test_agent_flags.py go through all flags of these.
    commands = COMMANDS.keys() - {"serve", "agent", "client"}
    options = {option for command in commands for option, _ in options_of(command)}

    def is_used(option: str) -> bool:
        # As on a command line, or as the keyword of a flag that a test starts a server with.
        keyword = option.removeprefix("--").replace("-", "_")
        return re.search(rf"{option}\b|\b{keyword}=", tests) is not None

    assert sorted(option for option in options if not is_used(option)) == []
