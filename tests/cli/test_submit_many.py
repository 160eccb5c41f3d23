"""One job an item, submitted to a real server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Run
from tests.support.server import RunningServer, running_server

SCRIPT = "#!/bin/sh\necho hello\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("many") / "data"
    with running_server(data, service=["example"], max_upload="1M") as running:
        yield running


@pytest.fixture
def env(env: dict[str, str], server: RunningServer) -> dict[str, str]:
    """Everything goes to the real server, by a user who has nothing else there."""
    return env | {"JOBORCH_SERVER": server.url, "JOBORCH_SERVICE": "example"}


@pytest.fixture
def here(home: Path) -> Path:
    """A directory with a script and three inputs."""
    (home / "dock.sh").write_text(SCRIPT)
    (home / "in").mkdir()
    for name in ("a", "b", "c"):
        (home / "in" / f"{name}.pdb").write_text(f"ATOM {name}")
    return home


class Jobs:
    """What the server has of jobs that a command printed."""

    def __init__(self, server: RunningServer, printed: str) -> None:
        self.ids = [int(line) for line in printed.splitlines()]
        self._http = server.http

    @property
    def names(self) -> list[str]:
        return [self._get(job_id)["name"] for job_id in self.ids]

    def fields(self, name: str) -> list[object]:
        return [self._get(job_id)[name] for job_id in self.ids]

    @property
    def files(self) -> list[set[str]]:
        """The names of each job's files."""
        return [{each["name"] for each in self._get(i, "/files")["items"]} for i in self.ids]

    def content(self, name: str) -> list[str]:
        """What each job has in this file."""
        path = f"/files/input/{name}"
        return [self._http.get(f"/api/v1/jobs/{i}{path}").text for i in self.ids]

    def _get(self, job_id: int, path: str = "") -> dict[str, Any]:
        return dict(self._http.get(f"/api/v1/jobs/{job_id}{path}").json())


def test_each_file_becomes_a_job_with_the_script_and_that_file(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    done = joborch("submit", "--each", "in/*.pdb", "-n", "dock-{stem}-{i}", "dock.sh")

    assert (done.code, done.err) == (0, "")
    jobs = Jobs(server, done.out)
    assert jobs.names == ["dock-a-1", "dock-b-2", "dock-c-3"]
    assert jobs.files == [{"run.sh", f"{name}.pdb"} for name in "abc"]
    assert jobs.content("c.pdb")[2] == "ATOM c"


def test_blanks_are_filled_in_the_command_the_environment_the_tags_and_the_inputs(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    (here / "a.cfg").write_text("of a")

    done = joborch(
        *("submit", "--json", "--dry-run", "--each", "in/a.pdb", "-e", "OUT={stem}.out"),
        *("-t", "of={name}", "-i", "{stem}.cfg:cfg", "--", "./dock", "{}", "{ext}", "${i}", "{x}"),
    )

    plan = json.loads(done.out)["submissions"][0]
    assert plan["env"] == {"JOBORCH_ITEM": "a.pdb", "OUT": "a.out"}
    assert plan["tags"] == {"of": "a.pdb"}
    assert {each["name"] for each in plan["files"]} == {"run.sh", "a.pdb", "cfg"}


def test_a_command_is_quoted_after_its_blanks_are_filled(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    (here / "in" / "it's; rm.pdb").write_text("ATOM")

    done = joborch("submit", "--each", "in/it*.pdb", "--", "echo", "{}", "${i}", "{i}", "{other}")

    written = Jobs(server, done.out).content("run.sh")
    assert written == ["#!/bin/sh\nexec echo 'it'\"'\"'s; rm.pdb' '${i}' 1 '{other}'\n"]


def test_several_patterns_add_up_and_a_file_counts_once(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    done = joborch(
        *("submit", "--each", "in/[ab].pdb", "--each", "in/*.pdb", "-x", "c.pdb", "dock.sh")
    )

    assert len(Jobs(server, done.out).ids) == 2


@pytest.mark.parametrize("pattern", ["b.pdb", "./b.pdb", "in/b.pdb", "./in/b.pdb", "in/b*"])
def test_an_item_is_left_out_by_its_name_or_by_its_path(
    server: RunningServer, here: Path, joborch: Run, pattern: str
) -> None:
    done = joborch("submit", "--dry-run", "--json", "--each", "in/*", "-x", pattern, "dock.sh")

    items = [each["item"] for each in json.loads(done.out)["submissions"]]
    assert (items, done.err) == (["in/a.pdb", "in/c.pdb"], "")


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("runs/x", {"runs/y": {"in.dat", "sub/in.dat"}}),
        ("x/", {"runs/y": {"in.dat", "sub/in.dat"}}),
        (
            "runs/x/sub",
            {"runs/x": {"in.dat"}, "runs/y": {"in.dat", "sub/in.dat"}},
        ),
        ("runs/*/in.dat", {}),
        ("run*", {"runs/x": {"in.dat", "sub/in.dat"}, "runs/y": {"in.dat", "sub/in.dat"}}),
    ],
)
def test_a_directory_and_what_is_in_it_is_left_out_by_its_path(
    server: RunningServer, here: Path, joborch: Run, pattern: str, left: dict[str, set[str]]
) -> None:
    for name in ("x", "y"):
        (here / "runs" / name / "sub").mkdir(parents=True)
        (here / "runs" / name / "in.dat").write_text(name)
        (here / "runs" / name / "sub" / "in.dat").write_text(name)

    done = joborch(
        *("submit", "--dry-run", "--json", "--each-dir", "runs/*", "-x", pattern, "dock.sh")
    )

    found = {
        each["item"]: {file["name"] for file in each["files"]} - {"run.sh"}
        for each in json.loads(done.out)["submissions"]
    }
    assert {name: files for name, files in found.items() if files} == left


def test_a_pattern_that_leaves_nothing_out_is_told(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    excludes = ("-x", "out/*", "-x", "a.pdb")

    many = joborch("submit", "--each", "in/*", *excludes, "dock.sh")
    one = joborch("submit", *excludes, "dock.sh", "in/a.pdb", "in/b.pdb")

    assert (many.code, many.err) == (0, "-x out/* excludes nothing\n")
    assert (one.code, one.err) == (0, "-x out/* excludes nothing\n")


def test_each_directory_becomes_a_job_with_what_is_in_it(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    for name in ("x", "y"):
        (here / "runs" / name / "sub").mkdir(parents=True)
        (here / "runs" / name / "sub" / "in.dat").write_text(name)
        (here / "runs" / name / ".joborchignore").write_text("*.log\n")
        (here / "runs" / name / "old.log").write_text("not this")

    done = joborch("submit", "--each-dir", "runs/*", "dock.sh")

    jobs = Jobs(server, done.out)
    assert jobs.files == [{"run.sh", "sub/in.dat"}] * 2
    assert jobs.content("sub/in.dat") == ["x", "y"]


def test_directories_may_bring_their_own_scripts_and_what_these_say_of_themselves(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    for name, priority in {"x": 10, "y": 20}.items():
        (here / "runs" / name).mkdir(parents=True)
        (here / "runs" / name / "run.sh").write_text(
            f"#!/bin/sh\n#JOBORCH -p {priority} -i in/a.pdb:with-{{name}}\ntrue\n"
        )

    done = joborch("submit", "--each-dir", "runs/*")

    jobs = Jobs(server, done.out)
    assert jobs.names == ["x", "y"]
    assert jobs.fields("priority") == [10, 20]
    assert jobs.files == [{"run.sh", "with-x"}, {"run.sh", "with-y"}]


def test_each_line_becomes_a_job(server: RunningServer, here: Path, joborch: Run) -> None:
    lines = "first one\n\n  second  \nsecond\n"

    done = joborch("submit", "--each-line", "-", "-n", "{}", "dock.sh", stdin=lines)
    plan = joborch("submit", "--each-line", "-", "--dry-run", "--json", "dock.sh", stdin=lines)

    assert Jobs(server, done.out).names == ["first one", "second", "second"]
    shown = json.loads(plan.out)["submissions"]
    assert [each["env"]["JOBORCH_ITEM"] for each in shown] == ["first one", "second", "second"]
    assert [each["item"] for each in shown] == ["first one", "second", "second #2"]


def test_each_row_becomes_a_job_with_its_columns_in_the_environment(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    (here / "jobs.csv").write_text('\ufeffligand,seed\r\n"a, b",1\r\n\r\nc,2\r\n')

    done = joborch("submit", "--csv", "jobs.csv", "-n", "{seed}-{i}", "--", "dock", "{ligand}")
    plan = joborch("submit", "--csv", "jobs.csv", "--dry-run", "--json", "dock.sh")

    jobs = Jobs(server, done.out)
    assert jobs.names == ["1-1", "2-2"]
    assert jobs.content("run.sh")[0] == "#!/bin/sh\nexec dock 'a, b'\n"
    shown = json.loads(plan.out)["submissions"]
    assert [each["env"] for each in shown] == [
        {"ligand": "a, b", "seed": "1"},
        {"ligand": "c", "seed": "2"},
    ]


def test_each_object_becomes_a_job_and_may_say_more_about_itself(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    record = {
        "seed": 7,
        "fast": True,
        "left_out": None,
        "name": "seven",
        "priority": 0,
        "files": ["in/a.pdb", "in/b.pdb:other.pdb"],
        "env": {"MORE": "x"},
        "tags": {"kind": "test"},
    }
    text = json.dumps(record) + "\n\n" + json.dumps({"seed": 8}) + "\n"

    done = joborch("submit", "--jsonl", "-", "-n", "n{seed}", "-p", "9", "dock.sh", stdin=text)
    plan = joborch("submit", "--jsonl", "-", "--dry-run", "--json", "dock.sh", stdin=text)

    jobs = Jobs(server, done.out)
    assert jobs.names == ["seven", "n8"]
    assert jobs.fields("priority") == [0, 9]
    assert jobs.fields("tags") == [{"kind": "test"}, {}]
    assert jobs.files[0] == {"run.sh", "a.pdb", "other.pdb"}
    assert json.loads(plan.out)["submissions"][0]["env"] == {
        "seed": "7",
        "fast": "true",
        "MORE": "x",
    }


def test_a_key_is_made_for_each_item_and_a_record_may_have_its_own(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    again = ("submit", "--each", "in/*.pdb", "-k", "night", "dock.sh")
    own = ("submit", "--jsonl", "-", "dock.sh")

    assert joborch(*again).out == joborch(*again).out
    first = joborch(*own, stdin='{"key": "one", "seed": 1}\n')
    second = joborch(*own, stdin='{"seed": 2}\n{"key": "one", "seed": 1}\n')
    assert second.out.splitlines()[1] == first.out.strip()


def test_json_is_one_document_with_the_item_of_each_job(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    done = joborch("submit", "--json", "--each", "in/*.pdb", "dock.sh")

    document = json.loads(done.out)
    assert document["schema"] == "joborch.submit/1"
    assert [job["item"] for job in document["jobs"]] == [f"in/{name}.pdb" for name in "abc"]
    assert {job["state"] for job in document["jobs"]} == {"queued"}
    assert (document["failed"], document["not_sent"]) == ([], [])


def test_other_forms_are_a_line_a_job(server: RunningServer, here: Path, joborch: Run) -> None:
    lines = joborch("submit", "--format", "ndjson", "--each", "in/*.pdb", "dock.sh").out
    table = joborch("submit", "--format", "tsv", "--each", "in/*.pdb", "dock.sh").out

    assert [json.loads(line)["item"] for line in lines.splitlines()][2] == "in/c.pdb"
    assert table.splitlines()[0].split("\t") == ["id", "item", "state", "duplicate"]
    assert table.splitlines()[1].split("\t")[1] == "in/a.pdb"


def test_a_person_gets_one_sentence(here: Path, at_terminal: Run) -> None:
    done = at_terminal("submit", "-j", "1", "--each", "in/*.pdb", "dock.sh")

    assert done.code == 0
    assert "Submitted 3 jobs " in done.out
    assert "to example (6 files, 81 B)" in done.out


def test_a_long_submission_shows_how_far_it_is(here: Path, at_terminal: Run) -> None:
    lines = "".join(f"{number}\n" for number in range(30))
    (here / "items").write_text(lines)

    done = at_terminal("submit", "-j", "1", "--each-line", "items", "dock.sh")

    assert "/30 jobs · " in done.out


def test_what_was_submitted_is_remembered_as_last(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    done = joborch("submit", "--each", "in/*.pdb", "dock.sh")

    assert sorted(joborch("status", "-q", "last").out.split()) == sorted(done.out.split())


def test_one_item_that_fails_does_not_keep_the_others(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    joborch("submit", "-k", "x#2", "--", "other")  # takes the second item's key
    command = ("submit", "--each", "in/*.pdb", "-k", "x", "dock.sh")

    done = joborch(*command)
    as_json = joborch(*command, "--json")

    assert (done.code, len(done.out.splitlines())) == (7, 2)
    first, why, fix = done.err.splitlines()
    assert first == "error: 1 of 3 were not submitted"
    assert why.startswith("  why: in/b.pdb: ")
    assert "--ledger " in fix
    document, error = json.loads(as_json.out), json.loads(as_json.err)["error"]
    assert [job["duplicate"] for job in document["jobs"]] == [True, True]
    assert document["failed"][0]["item"] == error["details"]["failed"][0]["item"] == "in/b.pdb"
    assert error["exit_code"] == 7


def test_too_much_is_refused_before_anything_is_sent(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    (here / "in" / "b.pdb").write_bytes(b"x" * 2_000_000)

    done = joborch("submit", "-u", "large", "--each", "in/*.pdb", "dock.sh")

    assert done.code == 6
    assert done.err.startswith("error: in/b.pdb: 2 files of 20000")
    assert joborch("status", "-q", "--user", "large").out == ""


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--each", "in/*.gro"], "no file is in/*.gro"),
        (["--each", "in"], "--each-dir is for directories"),
        (["--each-dir", "in/a.pdb"], "in/a.pdb is not a directory"),
        (["--each", "in/*", "--csv", "x"], "--each and --csv: only one of them"),
        (["--each", "in/*", "-a", "1-3"], "--array and --each: only one of them"),
        (["--each", "in/*", "-f"], "not for --each"),
        (["--each", "in/*", "--propagate"], "not for --each"),
        (["--each", "in/*", "-n", "{steam}"], "there is no {steam}"),
        (["--each", "in/*", "-t", "a={b}"], "there is no {b}"),
        (["--each", "in/*", "-i", "{stem}.cfg"], "a.cfg is not a file"),
        (["--each", "in/*", "-t", "no"], "error: --tag 'no' is not KEY=VALUE"),
        (["--each", "in/*", "-i", "in/b.pdb"], "in/b.pdb: two files would be called 'b.pdb'"),
        (["--each", "in/*", "-s", "other"], "service 'other' is not known here"),
        (["--each-line", "gone"], "gone"),
        (["--each-line", "empty"], "--each-line has no items"),
        (["--csv", "empty"], "--csv has no items"),
        (["--csv", "bad.csv"], "bad.csv line 1: column 'a b'"),
        (["--csv", "bad.csv"], "bad.csv line 3: 1 values for 2 columns"),
        (["--jsonl", "bad.jsonl"], "bad.jsonl line 1: Expecting"),
        (["--jsonl", "bad.jsonl"], "bad.jsonl line 2: not a JSON object"),
        (["--jsonl", "bad.jsonl"], "bad.jsonl line 3: priority is not"),
        (["--jsonl", "bad.jsonl"], "bad.jsonl line 4: deep is neither"),
        (["--jsonl", "bad.jsonl"], "bad.jsonl line 6: key 'k' is there twice"),
        (["--jsonl", "bad.jsonl"], "bad.jsonl line 7: files is not a list"),
        (["--jsonl", "-", "--each-line", "-"], "standard input can be only one of"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(
    server: RunningServer, here: Path, joborch: Run, options: list[str], complaint: str
) -> None:
    (here / "empty").write_text("\n")
    (here / "bad.csv").write_text("a b,c\n1,2\n3\n")
    (here / "bad.jsonl").write_text(
        '{"a"\n3\n{"priority": 101}\n{"deep": []}\n{"key": "k"}\n{"key": "k"}\n{"files": "x"}\n'
    )

    done = joborch("submit", "-u", "nobody", *options, "dock.sh")

    assert done.code in {2, 6}
    assert complaint in done.err
    assert done.out == ""
    assert joborch("status", "-q", "--user", "nobody").out == ""


def test_a_dry_run_sends_nothing_and_says_what_would_be_met(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    joborch("submit", "-u", "dry", "-a", "1-3", "dock.sh")
    command = ("submit", "-u", "dry", "--dry-run", "--each", "in/*.pdb", "dock.sh")

    done = joborch(*command)
    effect = json.loads(joborch(*command, "--json").out)["effects"][0]

    assert done.code == 0
    assert done.out.splitlines()[1] == "     6 B  in/a.pdb  a.pdb"
    assert done.err.splitlines() == [
        "Would submit 3 jobs of user dry to example: 6 files, 81 B",
        "  quota: user dry has 0 of 5 active and 3 queued on example; "
        "all users: 0 active; 0 agents, 0 slots",
        "  start: none before an agent offers example",
    ]
    assert (effect["jobs"], effect["user_queued"], effect["starting_at_most"]) == (3, 3, 0)
    assert len(joborch("status", "-q", "--user", "dry").out.split()) == 3


def test_a_dry_run_of_an_array_of_what_is_held(
    server: RunningServer, here: Path, joborch: Run
) -> None:
    done = joborch("submit", "--dry-run", "--hold", "-a", "1-3%2", "dock.sh")

    assert done.out == "    21 B  run.sh\n"
    assert "Would submit 3 jobs" in done.err
    assert "start: none before it is released" in done.err
