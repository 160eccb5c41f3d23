"""``status --group-by`` and ``retry --signature``: sixty failures are three causes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from joborch.wire.groups import JobGroup, JobGroups
from tests.support.command_line import Run
from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer, running_server
from tests.support.stub_server import StubServer, says
from tests.support.views import NOON

CAUSES = [
    ("ValueError: residue {} of /data/{}.pdb has no atoms", 30),
    ("run.sh: line {}: haddock: command not found", 20),
    ("[12:00:{}] disk quota exceeded by {} MB", 10),
]
TEXTS = [
    "exit 1 · ValueError: residue <n> of <path> has no atoms",
    "exit 1 · <path>: line <n>: haddock: command not found",
    "exit 1 · [<time>] disk quota exceeded by <n> MB",
]


@dataclass(frozen=True, kw_only=True)
class Wreck:
    """A server with sixty jobs of user 1 that failed for one of three causes, and one of user 2."""

    server: RunningServer
    ids: list[list[int]]
    """Of each cause's jobs."""

    @property
    def last_id(self) -> int:
        found: int = self.server.http.get("/api/v1/jobs?limit=1").json()["items"][0]["id"]
        return found


@pytest.fixture(scope="module")
def wreck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wreck]:
    with running_server(tmp_path_factory.mktemp("wreck") / "data", poll_s="1s") as server:
        agent = HandAgent(server.http, slots=100)
        ids = [[fail(server, agent, line, number) for number in range(n)] for line, n in CAUSES]
        fail(server, agent, CAUSES[2][0], 50, user="2")
        submit(server.http, user_id="1", hold="yes")
        yield Wreck(server=server, ids=ids)


def fail(
    server: RunningServer, agent: HandAgent, line: str, number: int, *, user: str = "1"
) -> int:
    job_id = submit(server.http, user_id=user)
    log = f"begin {number}\n{line.format(number + 10, number + 10)}\n"
    agent.finish(agent.take(job_id), outcome="failed", files={".joborch/stderr.log": log})
    return job_id


@pytest.fixture
def there(wreck: Wreck) -> dict[str, str]:
    return {"JOBORCH_SERVER": wreck.server.url}


def rows(table: str) -> list[dict[str, str]]:
    head, *lines = [line.split("\t") for line in table.splitlines()]
    return [dict(zip(head, line, strict=True)) for line in lines]


def keys(joborch: Run, there: dict[str, str]) -> list[str]:
    return joborch("status", "--group-by", "signature", "-q", **there).out.split()


def test_sixty_failures_read_as_three_causes(
    joborch: Run, wreck: Wreck, there: dict[str, str]
) -> None:
    finished = joborch("status", "--group-by", "signature", **there)

    assert finished.code == 0, finished.err
    found = rows(finished.out)
    assert [row["text"] for row in found] == TEXTS
    assert [row["count"] for row in found] == ["30", "20", "10"]
    assert [row["last_id"] for row in found] == [str(ids[-1]) for ids in wreck.ids]
    assert all(len(row["key"]) == 6 for row in found)
    assert all(row["latest_at"].endswith("Z") for row in found)


def test_so_they_do_on_a_terminal(at_terminal: Run, there: dict[str, str]) -> None:
    finished = at_terminal("status", "--group-by", "signature", NO_COLOR="1", **there)

    head, *lines, summary, hint = finished.out.splitlines()
    assert head.split() == ["SIGNATURE", "JOBS", "EXAMPLE", "NEWEST", "CAUSE"]
    assert [text in line for text, line in zip(TEXTS, lines, strict=True)] == [True] * 3
    assert "s ago" in lines[0]
    assert summary == "60 failed jobs in 3 groups"
    assert hint == f"  hint: joborch retry --signature {lines[0].split()[0]}"


def test_as_one_document(joborch: Run, wreck: Wreck, there: dict[str, str]) -> None:
    document = json.loads(joborch("status", "--group-by", "signature", "--json", **there).out)

    assert document["schema"] == "joborch.groups/1"
    assert [item["ids"] for item in document["items"]] == wreck.ids


@pytest.mark.parametrize(
    ("by", "line"),
    [
        ("state", ["failed", "60"]),
        ("user", ["1", "61"]),
        ("service", ["example", "61"]),
        ("reason", ["exit status 1", "60"]),
        ("batch", ["", "61"]),
    ],
)
def test_jobs_are_counted_by_anything(
    joborch: Run, there: dict[str, str], by: str, line: list[str]
) -> None:
    first = rows(joborch("status", "--group-by", by, **there).out)[0]

    assert [first["key"], first["count"]] == line


def test_an_agent_has_its_name(joborch: Run, there: dict[str, str]) -> None:
    first = rows(joborch("status", "--group-by", "agent", **there).out)[0]

    assert (first["text"], first["count"]) == ("tester", "60")


def test_what_is_selected_or_filtered_is_counted(
    joborch: Run, wreck: Wreck, there: dict[str, str]
) -> None:
    ids = f"{wreck.ids[0][0]},{wreck.ids[1][0]},{wreck.ids[1][1]}"

    chosen = rows(joborch("status", ids, "--group-by", "signature", **there).out)
    queued = rows(joborch("status", "--state", "queued", "--group-by", "state", **there).out)
    both = rows(joborch("status", ids, "--state", "queued", "--group-by", "state", **there).out)
    passing = rows(joborch("status", "-F", f"id:{ids}", "--group-by", "state", **there).out)
    others = rows(joborch("status", "-u", "2", "--group-by", "signature", **there).out)
    every = rows(joborch("status", "-A", "--group-by", "signature", **there).out)

    assert [row["count"] for row in chosen] == ["2", "1"]
    assert [(row["key"], row["count"]) for row in queued] == [("queued", "1")]
    assert both == []
    assert [(row["key"], row["count"]) for row in passing] == [("failed", "3")]
    assert [row["count"] for row in others] == ["1"]
    assert [row["count"] for row in every] == ["30", "20", "11"]


def test_a_rehearsal_says_which_would_be_retried(
    joborch: Run, wreck: Wreck, there: dict[str, str]
) -> None:
    last = wreck.last_id
    key = keys(joborch, there)[2]

    finished = joborch("retry", "--signature", key[:5], "--dry-run", "-q", **there)

    assert [int(line) for line in finished.out.split()] == wreck.ids[2]
    assert wreck.last_id == last


def test_the_jobs_of_a_signature_are_retried_and_no_others(
    joborch: Run, wreck: Wreck, there: dict[str, str]
) -> None:
    last = wreck.last_id
    key = keys(joborch, there)[1]

    unasked = joborch("retry", "--signature", key, **there)
    assert unasked.code == 2
    assert "Retry 20 jobs" in unasked.err

    finished = joborch("retry", "--signature", key.upper(), "--yes", "--json", **there)

    items: list[dict[str, Any]] = json.loads(finished.out)["items"]
    assert finished.code == 0
    assert [item["id"] for item in items] == wreck.ids[1]
    assert [item["new_id"] for item in items] == [*range(last + 1, last + 21)]
    assert wreck.last_id == last + 20


def test_jobs_of_others_are_meant_only_if_one_says_so(
    joborch: Run, wreck: Wreck, there: dict[str, str]
) -> None:
    key = keys(joborch, there)[2]

    every = joborch("retry", "-A", "--signature", key, "--dry-run", "-q", **there)
    others = joborch("retry", "-F", "user:2", "--signature", key, "--dry-run", "-q", **there)

    assert [int(line) for line in every.out.split()] == [*wreck.ids[2], wreck.ids[2][-1] + 1]
    assert [int(line) for line in others.out.split()] == [wreck.ids[2][-1] + 1]


def test_within_a_selection_only_those_are_retried(
    joborch: Run, wreck: Wreck, there: dict[str, str]
) -> None:
    key = keys(joborch, there)[0]
    selection = f"{wreck.ids[0][3]},{wreck.ids[1][0]}"

    finished = joborch("retry", selection, "--signature", key, "--dry-run", "-q", **there)

    assert finished.out.split() == [str(wreck.ids[0][3])]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("retry",), 2, "which jobs?"),
        (("retry", "--signature", ""), 2, "--signature is empty"),
        (("retry", "--signature", "xyz"), 3, "none of 60 failed jobs has the signature 'xyz'"),
        (("status", "--group-by", "colour"), 2, "'colour' is not one of user, service, state"),
        (("status", "--group-by", "user", "--why"), 2, "--group-by does not go with"),
    ],
)
def test_a_mistake_is_told(
    joborch: Run, there: dict[str, str], words: tuple[str, ...], code: int, said: str
) -> None:
    finished = joborch(*words, **there)

    assert (finished.code, finished.out) == (code, "")
    assert said in finished.err


def a_group(key: str) -> JobGroup:
    return JobGroup(key=key, text="exit 1", count=1, first_id=1, last_id=1, latest_at=NOON, ids=[1])


def test_what_begins_like_two_signatures_is_refused(stub: StubServer, joborch: Run) -> None:
    two = [a_group("abc111"), a_group("abc222")]
    found = JobGroups(by="signature", items=two, total=9, examined=2)
    stub.on("GET /api/v1/jobs/groups", says(found))

    finished = joborch("retry", "--signature", "abc")

    assert finished.code == 2
    assert "several signatures begin with 'abc': abc111, abc222" in finished.err
    assert "looked at the newest 2 of 9 failed jobs" in finished.err
