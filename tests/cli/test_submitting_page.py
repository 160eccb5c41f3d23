"""docs/submitting.md has every option, and its commands are ones that joborch understands."""

import re
import shlex
from pathlib import Path

import pytest

from joborch.cli.commands import COMMANDS
from joborch.cli.main import load
from joborch.cli.options import NAMES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "submitting.md").read_text()
TESTS = "".join(path.read_text() for path in ROOT.glob("tests/cli/test_*.py"))
TESTS += (ROOT / "tests" / "journeys" / "test_submitting.py").read_text()
SUBMIT = load("submit", COMMANDS["submit"])
OWN = [p for p in SUBMIT.params if p.name not in {*NAMES, "arguments"}]
COMMANDS_SHOWN = re.findall(r"^(?:\$ )?joborch submit ([^|<\n#]+)", PAGE, re.MULTILINE)


@pytest.mark.parametrize("option", OWN, ids=lambda option: str(option.name))
def test_every_option_has_its_row(option: object) -> None:
    spelt = ", ".join(f"`{each}" for each in getattr(option, "opts", ()))

    assert re.search(rf"^\| {re.escape(spelt).replace(',', '`,')}[` ]", PAGE, re.MULTILINE)


@pytest.mark.parametrize("option", OWN, ids=lambda option: str(option.name))
def test_every_option_is_used_by_a_test(option: object) -> None:
    assert any(re.search(rf"[\"' ]{each}[\"' ]", TESTS) for each in getattr(option, "opts", ()))


@pytest.mark.parametrize("shown", COMMANDS_SHOWN)
def test_every_command_of_the_page_is_understood(shown: str) -> None:
    words = shlex.split(shown.partition("&&")[0])

    assert SUBMIT.make_context("submit", words).params


def test_the_page_has_commands() -> None:
    assert len(COMMANDS_SHOWN) > 10
