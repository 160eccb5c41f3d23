import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joborch.domain.signatures import normalised, signature_of, telling_line
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from tests.support.builders import NOON, a_job

FORMS = {
    "number": st.integers().map(str) | st.floats(allow_nan=False, allow_infinity=False).map(str),
    "time": st.datetimes().map(lambda at: f"{at:%H:%M:%S}"),
    "moment": st.datetimes(min_value=NOON.replace(tzinfo=None)).map(lambda at: f"{at:%FT%TZ}"),
    "uuid": st.uuids().map(str),
    "address": st.integers(0, 2**63).map(hex),
    "path": st.from_regex(r"(/[a-z0-9_.]{1,8}){1,4}", fullmatch=True),
    "file": st.from_regex(r"[a-z0-9]{1,12}\.pdb", fullmatch=True),
    "url": st.from_regex(r"https?://[a-z0-9.]{1,12}(:[0-9]{2,5})?/[a-z0-9/]{0,9}", fullmatch=True),
}
"""What differs between jobs that fail alike."""


def a_failure(**but: Any) -> Any:
    ended = {"state": JobState.FAILED, "exit_code": 1, "finished_at": NOON}
    return a_job(**(ended | but))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ValueError: residue 45 of 2oob.pdb", "ValueError: residue <n> of <path>"),
        ("run.sh: line 3: dock: command not found", "<path>: line <n>: dock: command not found"),
        (
            "cd: /data/ann/x: No such file or directory",
            "cd: <path>: No such file or directory",
        ),
        ("open('a b/c.txt'): denied", "open('a <path>'): denied"),
        ("[2026-11-24 01:20:32,123] ERROR topology", "[<time>] ERROR topology"),
        ("Nov 24 01:20:32 node kernel: killed", "<time> <time> node kernel: killed"),
        ("shapes (3,4) and (5, 6, 7)", "shapes (<n>) and (<n>)"),
        ("request 7d4f2a10-1111-2222-3333-444455556666 failed", "request <id> failed"),
        ("at 0x7fff1234 of deadbeef01", "at <n> of <n>"),
        ("a decade of facades", "a decade of facades"),
        ("numpy.linalg.LinAlgError: Singular matrix", "numpy.linalg.LinAlgError: Singular matrix"),
        ("x = -5.3e-10, on compute-12", "x = <n>, on compute-<n>"),
        ("GET http://10.0.0.1:5000/x?y=2 refused", "GET <url> refused"),
        ("I/O error on N/A", "I/O error on N/A"),
        ("\x1b[31mError:\x1b[0m  bad\tinput ", "Error: bad input"),
        ("", ""),
    ],
)
def test_what_varies_becomes_a_placeholder(written: str, read: str) -> None:
    assert normalised(written) == read


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data(), words=st.tuples(*[st.from_regex(r"[g-z]{2,9}", fullmatch=True)] * 2))
def test_jobs_that_differ_in_it_failed_alike(
    form: str, data: st.DataObject, words: tuple[str, str]
) -> None:
    one, other = data.draw(FORMS[form]), data.draw(FORMS[form])
    lines = [f"{words[0]} {each} {words[1]} failed" for each in (one, other)]

    first, second = (signature_of(a_failure(), [line]) for line in lines)

    assert first == second
    assert words[0] in first.text
    assert words[1] in first.text


@given(written=st.text(max_size=600))
def test_any_line_becomes_a_short_one_without_digits(written: str) -> None:
    read = normalised(written)

    assert not re.search(r"\d", read)
    assert len(read) <= 201
    assert read == one_line(read).strip()


@given(logs=st.lists(st.lists(st.text(max_size=60), max_size=60), max_size=3))
def test_any_logs_have_a_signature_and_always_the_same(logs: list[list[str]]) -> None:
    signature = signature_of(a_failure(), *logs)

    assert signature == signature_of(a_failure(id=8, attempt=2), *logs)
    assert re.fullmatch("[0-9a-f]{6}", signature.key)
    assert signature.text.startswith("exit 1")


TRACEBACK = """\
warming up
Traceback (most recent call last):
  File "/work/7/dock.py", line 3, in <module>
    main()
KeyError: 'chain B'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/work/7/dock.py", line 9, in <module>
    raise Unfit(3)
dock.Unfit: 3 atoms
    at all
cleaning up after an error"""


def test_a_traceback_is_its_last_exception() -> None:
    assert telling_line(TRACEBACK.splitlines()) == "dock.Unfit: 3 atoms"
    assert telling_line(["nothing of note"], TRACEBACK.splitlines()) == "dock.Unfit: 3 atoms"


@pytest.mark.parametrize(
    ("logs", "telling"),
    [
        ([["Error: no chain B", "bye"], ["fatal: x"]], "Error: no chain B"),
        ([["first error", "second error", "bye", " "]], "second error"),
        ([["just a word"], ["loading", "Segmentation fault"]], "Segmentation fault"),
        ([["just a word"], ["loading", "done"]], "just a word"),
        ([[], ["loading", "done", ""]], "done"),
        ([["Traceback (most recent call last):", "  torn off"]], "  torn off"),
        ([["error long ago", *["step"] * 40]], "step"),
        ([[], []], ""),
        ([], ""),
    ],
)
def test_the_line_that_tells_most_is_taken(logs: list[list[str]], telling: str) -> None:
    assert telling_line(*logs) == telling


@pytest.mark.parametrize(
    ("ended", "text"),
    [
        ({"exit_code": 2}, "exit 2 · bad input"),
        ({"exit_code": 2, "reason": "exit status 2"}, "exit 2 · bad input"),
        ({"exit_code": None, "signal": 9}, "signal 9 · bad input"),
        ({"reason": "cannot_start: no room on /mnt/7"}, "exit 1 · cannot_start: no room on <path>"),
        ({"state": JobState.TIMED_OUT, "exit_code": None}, "timed out · bad input"),
        ({"state": JobState.LOST, "exit_code": None, "reason": "3 hosts"}, "lost · <n> hosts"),
    ],
)
def test_how_it_ended_is_a_part_of_it(ended: dict[str, Any], text: str) -> None:
    assert signature_of(a_failure(**ended), ["bad input"]).text.startswith(text)
    assert signature_of(a_failure(**ended)) != signature_of(a_failure(**ended), ["bad input"])


def test_causes_that_are_not_the_same_have_other_keys() -> None:
    causes = [["ValueError: no chain"], ["KeyError: no chain"], ["ValueError: two chains"], []]

    assert len({signature_of(a_failure(), cause).key for cause in causes}) == len(causes)
