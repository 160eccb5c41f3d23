"""The list of mutants keeps up with the source; `scripts/mutants` sees who notices each of them."""

import ast
from collections import Counter
from functools import cache

import pytest

from tests.faults.mutants.catalogue import MUTANTS
from tests.faults.mutants.mutant import ROOT, DriftError, Mutant

SOURCE = "def is_open(door):\n    return door.handle and not door.lock\n"


def a_mutant(old: str, new: str) -> Mutant:
    return Mutant(name="m", guards="g", path="door.py", old=old, new=new, tests=("tests",))


@cache
def text_of(path: str) -> str:
    return (ROOT / path).read_text()


@cache
def names_in(module: str) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = ast.walk(ast.parse(text_of(module)))
    return {node.name for node in nodes if isinstance(node, functions)}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_guard_is_there_once_and_can_be_taken_out(mutant: Mutant) -> None:
    assert mutant.applied(text_of(mutant.path)) != text_of(mutant.path)
    named = [node.partition("::") for node in mutant.tests]
    assert [name for module, _, name in named if name and name not in names_in(module)] == []


def test_each_mutant_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(m.name for m in MUTANTS).items() if count > 1] == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("door.window", "", "0 times"),
        ("door.", "", "2 times"),
        (" and not door.lock", " and", "does not compile"),
        ("door.lock", "door.lock", "stays what it was"),
    ],
)
def test_a_mutant_that_has_lost_its_guard_is_told(old: str, new: str, said: str) -> None:
    with pytest.raises(DriftError, match=said):
        a_mutant(old, new).applied(SOURCE)


def test_a_guard_is_taken_out() -> None:
    mutated = a_mutant(" and not door.lock", "").applied(SOURCE)
    assert mutated == "def is_open(door):\n    return door.handle\n"
