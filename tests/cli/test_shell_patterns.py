"""Patterns of ``--each`` that the shell expanded, as it hands them over, at a real server."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.command_line import Run
from tests.support.server import RunningServer, running_server

SCRIPT = "#!/bin/sh\nls\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("patterns") / "data"
    with running_server(data, service=["example"]) as running:
        yield running


@pytest.fixture
def env(env: dict[str, str], server: RunningServer) -> dict[str, str]:
    return env | {"JOBORCH_SERVER": server.url, "JOBORCH_SERVICE": "example"}


@pytest.fixture
def here(home: Path) -> Path:
    """Inputs of one kind and of several, directories, and a script."""
    (home / "dock.sh").write_text(SCRIPT)
    (home / "shared.dat").write_text("for all")
    (home / "plain").write_text("ls\n")
    for name in ("in/a.pdb", "in/b.pdb", "in/c.pdb", "mixed/a.pdb", "mixed/b.txt", "mixed/c.xyz"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(name)
    for name in ("1.x", "2.y"):
        (home / "runs" / name).mkdir(parents=True)
        (home / "runs" / name / "in.dat").write_text(name)
    return home


PDB = ("in/a.pdb", "in/b.pdb", "in/c.pdb")
MIXED = ("mixed/a.pdb", "mixed/b.txt", "mixed/c.xyz")
RUNS = ("runs/1.x", "runs/2.y")


@pytest.mark.parametrize(
    ("words", "items"),
    [
        (("--each", *PDB, "dock.sh"), PDB),
        (("--each", *MIXED, "dock.sh"), MIXED),
        (("--each", *MIXED, "dock.sh", "shared.dat"), MIXED),
        (("--each", *MIXED, "-"), MIXED),
        (("--each", *MIXED, "-p", "70", "dock.sh"), None),
        (("dock.sh", "--each", *PDB), PDB),
        (("dock.sh", "shared.dat", "--each", *PDB), PDB),
        (("--each", *PDB, "-p", "70", "dock.sh"), PDB),
        (("--each", *PDB, "--each", *MIXED, "dock.sh"), (*PDB, *MIXED)),
        (("--each", *PDB, "--", "cat"), PDB),
        (("shared.dat", "--each", "in/a.pdb", "--", "cat"), PDB[:1]),
        (("--each=in/a.pdb", "in/b.pdb", "--", "cat"), PDB[:1]),
        (("--each", "in/*.pdb", "dock.sh", "shared.dat"), PDB),
        (("--each", "in/*.pdb", "shared.dat", "--", "cat"), PDB),
        (("--each", "in/a.pdb", "dock.sh", "shared.dat"), PDB[:1]),
        (("--each", "in/a.pdb", "plain"), PDB[:1]),
        (("--each", "in/a.pdb", "in/c.pdb", "dock.sh"), ("in/a.pdb", "in/c.pdb")),
        (("--each-dir", *RUNS, "dock.sh"), RUNS),
        (("dock.sh", "--each-dir", *RUNS), RUNS),
        (("--each-dir", *RUNS, "--", "ls"), RUNS),
    ],
)
def test_each_file_of_an_expanded_pattern_becomes_a_job(
    here: Path, joborch: Run, words: Sequence[str], items: Sequence[str] | None
) -> None:
    done = joborch("submit", "--json", "--dry-run", *words, stdin=SCRIPT)

    found = [line for line in done.out.split('"') if line in {*PDB, *MIXED, *RUNS}]
    if items is None:
        assert (done.code, done.out) == (2, "")
    else:
        assert (done.code, done.err) == (0, "")
        assert sorted(found) == sorted(items)


def test_a_pattern_of_directories_that_have_a_script_each_needs_no_other(
    here: Path, joborch: Run
) -> None:
    for name in RUNS:
        (here / name / "run.sh").write_text(SCRIPT)

    done = joborch("submit", "--each-dir", *RUNS)

    assert (done.code, len(done.out.split())) == (0, 2)


@pytest.mark.parametrize(
    ("words", "why", "pattern"),
    [
        (("dock.sh", "--each", *MIXED), "mixed/b.txt may be one", "--each 'mixed/*'"),
        (("--each", *MIXED, "--", "cat"), "mixed/b.txt may be one", "--each 'mixed/*'"),
        (("dock.sh", "--each", *PDB, "shared.dat"), "all jobs share", "--each 'in/*.pdb'"),
        (("dock.sh", "--each", *PDB[:2]), "in/b.pdb may be one", "--each 'in/*.pdb'"),
        (("--each", *PDB, "other.sh", "dock.sh"), "other.sh and dock.sh", "--each 'in/*.pdb'"),
    ],
)
def test_what_is_not_clear_is_refused_with_the_quotes_that_it_needs(
    here: Path, joborch: Run, words: Sequence[str], why: str, pattern: str
) -> None:
    (here / "other.sh").write_text(SCRIPT)

    done = joborch("submit", "-u", "unclear", *words)

    assert (done.code, done.out) == (2, "")
    assert why in done.err
    assert f"fix: put the pattern in quotes: {pattern}" in done.err
    assert joborch("status", "-q", "--user", "unclear").out == ""


@pytest.mark.parametrize(
    ("words", "pattern"),
    [(PDB, "'in/*.pdb'"), (PDB[:2], "'in/*.pdb'"), (MIXED, "'mixed/*'")],
)
def test_of_items_without_a_script_it_is_the_script_that_is_asked_for(
    here: Path, joborch: Run, words: Sequence[str], pattern: str
) -> None:
    done = joborch("submit", "--each", *words)

    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "error: nothing to run was named",
        "  why: none of the words looks like the script: none begins with #!",
        f"  fix: name the script behind the pattern: --each {pattern} run.sh",
    ]


@pytest.mark.parametrize(
    "words", [("--each", "in/*", "run.sh"), ("--each", *PDB, "run.sh"), ("run.sh",)]
)
def test_a_script_beside_a_command_is_refused_as_the_mistake_that_it_is(
    here: Path, joborch: Run, words: Sequence[str]
) -> None:
    (here / "run.sh").write_text(SCRIPT)

    refused = joborch("submit", *words, "--", "cat", "{}")
    left_out = joborch("submit", "-x", "run.sh", "--dry-run", "*", "--", "cat")

    assert (refused.code, refused.out) == (2, "")
    assert "error: run.sh is a script, and what stands behind -- is one, too" in refused.err
    assert left_out.code == 0


@pytest.mark.parametrize("words", [("a.pdb", "dock.sh", "other.sh", "dock.sh"), ("*", "dock.sh")])
def test_the_script_is_no_item_of_its_own(home: Path, joborch: Run, words: Sequence[str]) -> None:
    for name in ("a.pdb", "dock.sh", "other.sh"):
        (home / name).write_text(SCRIPT)

    refused = joborch("submit", "--each", *words)
    done = joborch("submit", "-x", "*.sh", "--each", *words)

    assert "fix: add -x dock.sh" in refused.err
    assert (refused.code, done.code, len(done.out.split())) == (2, 0, 1)
