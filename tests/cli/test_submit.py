import json
from pathlib import Path

import pytest

from joborch.domain.errors import IdempotencyError, UnknownServiceError
from joborch.domain.states import JobState
from joborch.wire.events import LogText
from tests.client.test_submit import fields_of, files_of
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, refuses, says, sends, streams
from tests.support.views import (
    a_job_view,
    a_meta,
    a_page,
    a_submission,
    a_zip,
    results_of,
)

POST = "POST /api/v1/jobs"
SCRIPT = "#!/bin/bash\necho hello\n"


@pytest.fixture
def taking(stub: StubServer, home: Path) -> StubServer:
    """A server that takes job 42, and a script to submit."""
    (home / "run.sh").write_text(SCRIPT)
    stub.on(POST, says(a_submission(42), status=201))
    stub.on("GET /api/v1/meta", says(a_meta("example")))
    return stub


def test_a_pipe_gets_nothing_but_the_id(taking: StubServer, joborch: Run) -> None:
    done = joborch("submit", "-s", "example", "run.sh")

    assert (done.code, done.out, done.err) == (0, "42\n", "")


def test_json_has_each_jobs_place_in_the_line(stub: StubServer, joborch: Run, home: Path) -> None:
    (home / "run.sh").write_text(SCRIPT)
    placed = a_submission(42, 43, batch="b-1")
    placed.jobs[0].position = 3
    stub.on(POST, says(placed, status=201))

    done = joborch("submit", "-s", "example", "-a", "1-2", "run.sh", "--json")

    assert [job["position"] for job in json.loads(done.out)["jobs"]] == [3, None]
    assert stub.heard[-1].query == {"places": "true"}


def test_a_person_gets_a_sentence(taking: StubServer, at_terminal: Run) -> None:
    done = at_terminal("submit", "-s", "example", "run.sh")

    assert done.out.splitlines()[0] == "Submitted job 42 to example (1 file, 112 B)"


def test_the_only_service_needs_not_be_named(taking: StubServer, joborch: Run) -> None:
    joborch("submit", "run.sh")

    assert ("service", "example") in fields_of(taking.heard[-1])


def test_among_several_services_one_must_be_named(
    stub: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text(SCRIPT)
    stub.on("GET /api/v1/meta", says(a_meta("example", "haddock")))

    done = joborch("submit", "run.sh")

    assert done.code == 2
    assert "offers example, haddock" in done.err
    assert POST not in stub.paths()


def test_a_script_is_stored_as_run_sh_with_its_files(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    (home / "dock.sh").write_text(SCRIPT)
    (home / "2oob.pdb").write_text("ATOM")

    joborch("submit", "-s", "example", "dock.sh", "2oob.pdb")

    assert files_of(taking.heard[0]) == {"run.sh": SCRIPT.encode(), "2oob.pdb": b"ATOM"}
    assert ("name", "dock") in fields_of(taking.heard[0])


def test_a_directory_is_submitted_without_what_is_ignored(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    for name, text in {
        "run.sh": SCRIPT,
        "data/in.dat": "1",
        "data/big.log": "2",
        ".git/config": "3",
        "old/x": "4",
        ".joborchignore": "# not these\n*.log\nold/\n",
    }.items():
        path = home / "dock" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    joborch("submit", "-s", "example", "dock")

    assert set(files_of(taking.heard[0])) == {"run.sh", "data/in.dat"}


def test_a_directory_without_a_script_is_no_job(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    (home / "empty").mkdir()

    done = joborch("submit", "-s", "example", "empty")

    assert (done.code, done.err) == (2, "error: there is no run.sh in empty\n")


def test_a_command_line_becomes_a_script(taking: StubServer, joborch: Run) -> None:
    joborch("submit", "-s", "example", "--", "bash", "-c", 'echo "a b" --json', "--", "-x")

    script = files_of(taking.heard[0])["run.sh"].decode()
    assert script == "#!/bin/sh\nexec bash -c 'echo \"a b\" --json' -- -x\n"


def test_a_script_may_come_from_standard_input(taking: StubServer, joborch: Run) -> None:
    joborch("submit", "-s", "example", "-", stdin=SCRIPT)

    assert files_of(taking.heard[0]) == {"run.sh": SCRIPT.encode()}


def test_a_script_without_its_first_line_gets_one(taking: StubServer, joborch: Run) -> None:
    done = joborch("submit", "-s", "example", "-", stdin="echo hello\n")

    assert files_of(taking.heard[0])["run.sh"] == b"#!/bin/sh\necho hello\n"
    assert "warning: the script does not begin with #!" in done.err


def test_quoted_patterns_are_expanded_here(taking: StubServer, joborch: Run, home: Path) -> None:
    for name in ("a.pdb", "b.pdb", "c.txt"):
        (home / name).write_text("x")

    joborch("submit", "-s", "example", "run.sh", "*.pdb")

    assert set(files_of(taking.heard[0])) == {"run.sh", "a.pdb", "b.pdb"}


def test_a_pattern_without_a_match_is_a_mistake(taking: StubServer, joborch: Run) -> None:
    done = joborch("submit", "-s", "example", "run.sh", "*.pdb")

    assert (done.code, done.err) == (2, "error: no file is *.pdb\n")


def test_a_file_goes_by_its_last_name_and_a_directory_keeps_its_own(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    for name in ("sub dir/x", "data/deep/y"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text("x")

    joborch("submit", "-s", "example", "run.sh", "sub dir/x", "data")

    assert set(files_of(taking.heard[0])) == {"run.sh", "x", "data/deep/y"}


def test_two_files_of_one_name_are_refused(taking: StubServer, joborch: Run, home: Path) -> None:
    for name in ("a", "b"):
        (home / name).mkdir()
        (home / name / "x").write_text(name)

    done = joborch("submit", "-s", "example", "run.sh", "a/x", "b/x")

    assert (done.code, taking.heard) == (2, [])
    assert "would be called 'x' in the job's directory: a/x and b/x" in done.err
    assert "fix: -i SRC:DEST" in done.err


def test_an_input_may_come_from_standard_input(taking: StubServer, joborch: Run) -> None:
    joborch("submit", "-s", "example", "-i", "-:in.dat", "run.sh", stdin="data")

    assert files_of(taking.heard[0])["in.dat"] == b"data"


def test_a_missing_file_is_a_mistake_before_anything_is_sent(
    taking: StubServer, joborch: Run
) -> None:
    done = joborch("submit", "-s", "example", "run.sh", "gone.pdb")

    assert (done.code, done.err) == (2, "error: gone.pdb is not there\n")
    assert taking.heard == []


def test_inputs_can_be_renamed(taking: StubServer, joborch: Run, home: Path) -> None:
    (home / "2oob.pdb").write_text("ATOM")

    joborch("submit", "-s", "example", "-i", "2oob.pdb:data/in.pdb", "run.sh")

    assert set(files_of(taking.heard[0])) == {"run.sh", "data/in.pdb"}


def test_all_options_travel(taking: StubServer, joborch: Run) -> None:
    joborch(
        *("submit", "-s", "example", "-u", "7", "-n", "night", "-p", "70", "-t", "run=a"),
        *("-e", "A=1", "-e", "COPIED", "--time-limit", "1h30m", "--max-attempts", "2"),
        *("--hold", "-a", "1-3", "run.sh"),
        COPIED="b c",
    )

    assert fields_of(taking.heard[0]) == [
        ("service", "example"),
        ("user_id", "7"),
        ("name", "night"),
        ("priority", "70"),
        ("array", "1-3"),
        ("time_limit", "5400.0"),
        ("max_attempts", "2"),
        ("hold", "yes"),
        ("tag", "run=a"),
        ("env", "A=1"),
        ("env", "COPIED=b c"),
    ]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["-a", "5-1"], "empty range"),
        (["-t", "no"], "not KEY=VALUE"),
        (["-e", "NOT_HERE"], "no such variable"),
        (["-u", "a b"], "user_id"),
        (["--time-limit", "soon"], "not a duration"),
        (["--begin", "someday"], "no time"),
        (["-p", "101"], "101"),
        (["-a", "1-3", "-f"], "not for --array"),
        (["-a", "1-3", "--propagate"], "not for --array"),
        (["-k", "a b"], "visible ASCII"),
        (["--max-attempts", "0"], "max-attempts"),
        (["-j", "0"], "jobs"),
        (["-i", "gone"], "gone is not a file"),
        (["--env-file", "gone"], "gone"),
        (["--ledger", "x"], "--key TEXT"),
        (["--bogus"], "bogus"),
    ],
)
def test_mistakes_are_found_before_anything_is_sent(
    taking: StubServer, joborch: Run, options: list[str], complaint: str
) -> None:
    done = joborch("submit", "-s", "example", *options, "run.sh")

    assert done.code == 2
    assert complaint in done.err
    assert done.err.startswith("error: ")
    assert POST not in taking.paths()


@pytest.mark.parametrize("text", ["25:00", "14:61", "soon"])
def test_a_time_that_is_none_is_refused_by_its_option(
    taking: StubServer, joborch: Run, text: str
) -> None:
    done = joborch("submit", "-s", "example", "--begin", text, "run.sh")

    assert done.code == 2
    assert done.err.startswith(f"error: --begin: '{text}' is no time: ")


@pytest.mark.parametrize("spec", ["", "x", "3-"])
def test_an_array_that_is_none_is_a_mistake_that_is_found_before_anything_is_sent(
    taking: StubServer, joborch: Run, spec: str
) -> None:
    done = joborch("submit", "-s", "example", "-a", spec, "--", "ls")

    assert (done.code, done.out) == (2, "")
    assert "array" in done.err
    assert taking.paths() == []


def test_an_array_is_one_submission(stub: StubServer, joborch: Run, home: Path) -> None:
    (home / "run.sh").write_text(SCRIPT)
    stub.on(POST, says(a_submission(7, 8, 9, batch="b-31")))

    done = joborch("submit", "-q", "-s", "example", "-a", "1-3", "run.sh")

    assert done.out == "7\n8\n9\n"
    assert stub.paths() == [POST]


def test_json_is_the_servers_answer(taking: StubServer, joborch: Run) -> None:
    done = joborch("submit", "--json", "-s", "example", "run.sh")

    assert json.loads(done.out)["jobs"] == [
        {
            "id": 42,
            "state": "queued",
            "array_index": None,
            "duplicate": False,
            "position": None,
        }
    ]


def test_a_key_makes_it_repeatable_and_its_conflict_is_a_refusal(
    stub: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text(SCRIPT)
    stub.on(POST, says(a_submission(42, duplicate=True)), refuses(IdempotencyError("k")))

    again = joborch("submit", "-s", "example", "-k", "k", "run.sh")
    other = joborch("submit", "-s", "example", "-k", "k", "run.sh")

    assert (again.code, again.out) == (0, "42\n")
    assert other.code == 6
    assert stub.heard[0].headers["idempotency-key"] == "k"


def test_an_unknown_service_is_answered_with_what_to_type(
    stub: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text(SCRIPT)
    stub.on(POST, refuses(UnknownServiceError("exmaple", ("example", "haddock"))))

    done = joborch("submit", "-s", "exmaple", "run.sh")

    assert done.code == 6
    assert done.err.splitlines() == [
        "error: service 'exmaple' is not known here",
        "  why: this server offers example, haddock",
        "  fix: joborch submit --service example …",
    ]


def test_too_much_is_refused_before_it_is_sent(stub: StubServer, joborch: Run, home: Path) -> None:
    (home / "run.sh").write_text(SCRIPT)
    (home / "big").write_bytes(b"x" * 2_000_000)
    stub.on("GET /api/v1/meta", says(a_meta("example", max_upload_bytes=1_000_000)))

    done = joborch("submit", "-s", "example", "run.sh", "big")

    assert done.code == 6
    assert POST not in stub.paths()


def test_waiting_tells_how_it_ended(taking: StubServer, joborch: Run) -> None:
    taking.on("GET /api/v1/jobs/42", says(a_job_view(42, JobState.FAILED, exit_code=3)))

    done = joborch("submit", "-w", "-s", "example", "run.sh")

    assert (done.code, done.out) == (10, "42\n")
    assert "job 42 failed (exit 3)" in done.err


def test_propagating_exits_as_the_job_did(taking: StubServer, joborch: Run) -> None:
    taking.on("GET /api/v1/jobs/42", says(a_job_view(42, JobState.FAILED, exit_code=3)))

    assert joborch("submit", "-w", "--propagate", "-s", "example", "run.sh").code == 3


def test_an_array_is_waited_for_and_the_worst_end_counts(
    stub: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text(SCRIPT)
    stub.on(POST, says(a_submission(7, 8, batch="b-1")))
    stub.on("GET /api/v1/events", streams())
    ended = [a_job_view(7, JobState.CANCELLED), a_job_view(8, JobState.INVALID)]
    stub.on("GET /api/v1/jobs", says(a_page(*ended)))

    assert joborch("submit", "-w", "-s", "example", "-a", "1-2", "run.sh").code == 12


def test_failing_fast_does_not_wait_for_the_others(
    stub: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text(SCRIPT)
    stub.on(POST, says(a_submission(7, 8, batch="b-1")))
    stub.on("GET /api/v1/events", streams())
    jobs = [a_job_view(7, JobState.FAILED), a_job_view(8, JobState.RUNNING)]
    stub.on("GET /api/v1/jobs", says(a_page(*jobs)))

    assert joborch("submit", "-w", "--fail-fast", "-s", "example", "-a", "1-2", "run.sh").code == 10


def test_following_shows_the_output(taking: StubServer, joborch: Run) -> None:
    ended = a_job_view(42, JobState.COMPLETED)
    taking.on(
        "GET /api/v1/jobs/42/logs/stream",
        streams(("log", LogText(stream="stdout", offset=0, text="hello\n")), ("end", ended)),
    )
    taking.on("GET /api/v1/jobs/42", says(ended))

    done = joborch("submit", "-f", "-s", "example", "run.sh")

    assert (done.code, done.out) == (0, "42\nhello\n")


def test_a_run_looks_like_a_local_command(taking: StubServer, joborch: Run, home: Path) -> None:
    data = a_zip(output_txt=b"done")
    ended = a_job_view(42, JobState.FAILED, exit_code=7, results=results_of(data))
    taking.on(
        "GET /api/v1/jobs/42/logs/stream",
        streams(
            ("log", LogText(stream="stdout", offset=0, text="to out\n")),
            ("log", LogText(stream="stderr", offset=0, text="to err\n")),
            ("end", ended),
        ),
    )
    taking.on("GET /api/v1/jobs/42", says(ended))
    taking.on("GET /api/v1/jobs/42/results", sends(data))

    done = joborch("run", "-s", "example", "-d", "out", "run.sh")

    assert done.code == 7
    assert done.out == "to out\nout\n"
    assert "to err\n" in done.err
    assert (home / "out" / "output.txt").read_text() == "done"


def test_what_was_submitted_is_remembered_as_last(taking: StubServer, joborch: Run) -> None:
    joborch("submit", "-s", "example", "run.sh")
    taking.on("GET /api/v1/jobs", says(a_page(a_job_view(42, JobState.COMPLETED))))
    taking.on("GET /api/v1/jobs/42", says(a_job_view(42, JobState.COMPLETED)))

    assert joborch("status", "-q", "last").out == "42\n"
