"""What `joborch import` says, also to who keeps its words in a file."""

import json
from pathlib import Path

import pytest

from tests.server.importing.originals import INPUTS, Source
from tests.support.command_line import Run


@pytest.fixture
def source(tmp_path: Path) -> Source:
    made = Source(tmp_path)
    made.add("running", job_id=5, files=INPUTS | {"back\\slash": b"1"})
    return made


def given(source: Source, *more: str) -> tuple[str, ...]:
    return ("import", "--db", str(source.database), "--data", str(source.data), *more)


@pytest.mark.parametrize("more", [("--into", "ours"), ("--dry-run",), ("--into", "o", "--json")])
def test_what_is_left_out_and_what_begins_anew_is_told_without_a_terminal(
    process: Run, source: Source, more: tuple[str, ...]
) -> None:
    done = process(*given(source, *more))
    assert done.code == 0
    assert "job 5: 'back\\\\slash' was left out" in done.err
    assert "1 of them were at a client; they begin anew" in done.err
    assert "next:" not in done.err


def test_json_is_all_that_stdout_has(process: Run, source: Source) -> None:
    assert json.loads(process(*given(source, "--json")).out)["requeued"] == 1


def test_the_next_command_can_be_copied_whatever_the_names(
    at_terminal: Run, source: Source
) -> None:
    source.add("queued", service="dock it; \x1b[2J")
    done = at_terminal(*given(source, "--into", "our jobs"), COLUMNS="200")
    assert "next: joborch serve --data 'our jobs' --service 'dock it; '" in done.out
    assert "\x1b[2J" not in done.out
