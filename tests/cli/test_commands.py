"""wait, logs and fetch."""

import json
from pathlib import Path

import pytest

from joborch.domain.errors import (
    AgentUnreachableError,
    JobNotFoundError,
    JoborchError,
    NotFinishedError,
    ResultsGoneError,
)
from joborch.domain.states import JobState
from joborch.wire.events import LogText
from joborch.wire.jobs import FileList, FileView
from tests.cli.test_explain import an_explanation
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, ranged, refuses, says, sends, streams
from tests.support.views import a_job_view, a_page, a_zip, an_event, files_of, results_of, zip_of

RUNNING = JobState.RUNNING
COMPLETED, FAILED = JobState.COMPLETED, JobState.FAILED
JOB, JOBS = "GET /api/v1/jobs/42", "GET /api/v1/jobs"
RESULTS = f"{JOB}/results"
ZIP = a_zip(output_txt=b"Computation complete!\n")


@pytest.fixture
def done(stub: StubServer) -> StubServer:
    """A server where job 42 has completed."""
    stub.on(JOB, says(a_job_view(42, COMPLETED, results=results_of(ZIP))))
    stub.on("GET /api/v1/jobs/42/results", ranged(ZIP))
    return stub


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (COMPLETED, 0),
        (FAILED, 10),
        (JobState.TIMED_OUT, 10),
        (JobState.LOST, 10),
        (JobState.CANCELLED, 11),
        (JobState.INVALID, 12),
    ],
)
def test_waiting_ends_with_a_code_for_each_end(
    stub: StubServer, joborch: Run, state: JobState, code: int
) -> None:
    stub.on(JOB, says(a_job_view(42, state)))

    assert joborch("wait", "42").code == code


def test_waiting_for_the_start_is_over_when_it_runs(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING)))

    assert joborch("wait", "42", "--for", "running").code == 0


def test_waiting_for_any_is_over_with_the_first(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/events", streams())
    stub.on(JOBS, says(a_page(a_job_view(1, COMPLETED), a_job_view(2, RUNNING))))

    assert joborch("wait", "--any", "1,2").code == 0


def test_failing_fast_does_not_wait_for_the_others(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/events", streams(("job", an_event(1, FAILED))))
    running = a_page(a_job_view(1, RUNNING), a_job_view(2, RUNNING))
    ended = a_page(a_job_view(1, FAILED), a_job_view(2, RUNNING))
    stub.on(JOBS, says(running), says(running), says(ended))

    assert joborch("wait", "--fail-fast", "1,2").code == 10


def test_a_wait_that_takes_too_long_is_not_finished(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING)))

    done = joborch("wait", "42", "--timeout", "0.2")

    assert done.code == 8
    assert "1 running" in done.err


def test_a_wait_without_a_bar_says_how_many_are_where(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/events", streams(("job", an_event(2, COMPLETED))))
    running = a_page(a_job_view(1, COMPLETED), a_job_view(2, RUNNING))
    ended = a_page(a_job_view(1, COMPLETED), a_job_view(2, COMPLETED))
    stub.on(JOBS, says(running), says(running), says(ended))

    assert joborch("wait", "1,2").err.splitlines() == ["1 completed, 1 running", "2 completed"]


def test_a_person_waits_at_a_bar(stub: StubServer, at_terminal: Run) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING)))

    assert "42 ░░░░░░░░░░ 0/1 · 1▶" in at_terminal("wait", "42", "--timeout", "0.2").out


def test_waiting_propagates_a_signal_as_a_shell_would(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, FAILED, exit_code=None, signal=9)))

    assert joborch("wait", "--propagate", "42").code == 137


def test_waiting_in_json_is_a_line_a_change(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING)), says(a_job_view(42, COMPLETED)))

    done = joborch("wait", "--json", "42")

    # The first look resolves the selection, the second is the wait's own.
    assert [json.loads(line)["state"] for line in done.out.splitlines()] == ["completed"]


def test_a_log_keeps_its_two_streams_apart(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, COMPLETED)))
    stub.on(
        "GET /api/v1/jobs/42/logs",
        lambda heard: sends(f"{heard.query['stream']} {heard.query['tail']}\n".encode()),
    )

    done = joborch("logs", "42", "-n", "5")

    assert (done.code, done.out, done.err) == (0, "stdout 5\n", "stderr 5\n")


def test_a_log_is_cleaned_for_a_terminal_and_for_nothing_else(
    stub: StubServer, joborch: Run, at_terminal: Run
) -> None:
    stub.on(JOB, says(a_job_view(42, COMPLETED)))
    stub.on("GET /api/v1/jobs/42/logs", sends(b"\x1b]52;c;cm0gLXJm\x07\x1b[31mred\x1b[0m\n"))

    seen = at_terminal("logs", "42", "--stdout-only")
    raw = at_terminal("logs", "42", "--stdout-only", "--raw")
    piped = joborch("logs", "42", "--stdout-only")

    assert seen.out == "red\n"
    assert "\x1b]52" in raw.out
    assert "\x1b]52" in piped.out


def test_following_ends_with_the_job_and_its_code(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING)))
    text = LogText(stream="stdout", offset=0, text="hello\n")
    stub.on(
        "GET /api/v1/jobs/42/logs/stream", streams(("log", text), ("end", a_job_view(42, FAILED)))
    )

    done = joborch("logs", "-f", "42")

    assert (done.code, done.out) == (10, "hello\n")
    assert "job 42 failed (exit 1)" in done.err


def test_an_agent_that_does_not_answer_is_unreachable(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING)))
    stub.on("GET /api/v1/jobs/42/logs", refuses(AgentUnreachableError("no answer")))

    assert joborch("logs", "42").code == 5


def test_results_go_into_a_directory_named_after_the_job(
    done: StubServer, joborch: Run, home: Path
) -> None:
    finished = joborch("fetch", "42")

    assert (finished.code, finished.out) == (0, "dock-42\n")
    assert (home / "dock-42" / "output.txt").read_bytes() == b"Computation complete!\n"


@pytest.mark.parametrize(
    ("state", "code"), [(COMPLETED, 0), (FAILED, 10), (JobState.CANCELLED, 11)]
)
def test_who_waits_and_fetches_learns_how_it_ended(
    done: StubServer, joborch: Run, home: Path, state: JobState, code: int
) -> None:
    done.on(JOB, says(a_job_view(42, state, results=results_of(ZIP))))

    assert joborch("fetch", "-w", "42").code == code
    assert (home / "dock-42" / "output.txt").exists()
    assert joborch("fetch", "42", "--overwrite").code == 0


@pytest.mark.parametrize("options", [(), ("--skip-existing",), ("-d", "out"), ("--zip",)])
def test_fetching_again_leaves_what_is_there_and_says_so(
    done: StubServer, joborch: Run, options: tuple[str, ...]
) -> None:
    done.on("GET /api/v1/jobs/42/files", says(files_of(ZIP)))
    first = joborch("fetch", "42", *options)

    again = joborch("fetch", "42", *options)

    assert (again.code, again.out) == (0, first.out)
    assert again.err == f"{first.out.strip()} is there already; --overwrite fetches again\n"
    assert [path for path in done.paths() if path.endswith("/results")] == [RESULTS]


@pytest.mark.parametrize(
    ("options", "file"),
    [((), "dock-42/output.txt"), (("-d", "out"), "out/output.txt"), (("--zip",), "dock-42.zip")],
)
def test_what_is_there_with_other_content_is_refused_unless_it_may_be_overwritten(
    done: StubServer, joborch: Run, home: Path, options: tuple[str, ...], file: str
) -> None:
    done.on("GET /api/v1/jobs/42/files", says(files_of(ZIP)))
    joborch("fetch", "42", *options)
    fetched = (home / file).read_bytes()
    (home / file).write_text("mine")

    again = joborch("fetch", "42", *options)

    assert (again.code, again.out) == (2, "")
    assert again.err.splitlines() == [
        f"error: {file} exists already, with other content",
        "  fix: --overwrite replaces what is there, --dir puts it elsewhere",
    ]
    assert (home / file).read_text() == "mine"
    assert joborch("fetch", "42", *options, "--overwrite").code == 0
    assert (home / file).read_bytes() == fetched


def test_a_hostile_name_of_a_job_stays_a_name(stub: StubServer, joborch: Run, home: Path) -> None:
    job = a_job_view(42, COMPLETED, name="../../etc/\x1b[2Jx", results=results_of(ZIP))
    stub.on(JOB, says(job))
    stub.on("GET /api/v1/jobs/42/results", sends(ZIP))

    finished = joborch("fetch", "42")

    (directory,) = home.iterdir()
    assert finished.out == f"{directory.name}\n"
    assert directory.name == "_._.._etc__[2Jx-42".replace("[", "_")


def test_several_jobs_get_a_directory_each(stub: StubServer, joborch: Run, home: Path) -> None:
    results = results_of(ZIP)
    jobs = [a_job_view(i, COMPLETED, results=results) for i in (1, 2)]
    stub.on(JOBS, says(a_page(*jobs)))
    for job in jobs:
        stub.on(f"GET /api/v1/jobs/{job.id}", says(job))
        stub.on(f"GET /api/v1/jobs/{job.id}/results", sends(ZIP))

    finished = joborch("fetch", "1,2", "-d", "out")

    assert finished.out == "out/1-dock\nout/2-dock\n"
    assert (home / "out" / "2-dock" / "output.txt").exists()


def test_a_running_job_is_fetched_as_it_is_now(stub: StubServer, joborch: Run, home: Path) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING)))
    stub.on("GET /api/v1/jobs/42/partial", sends(ZIP))

    finished = joborch("fetch", "42", "--partial", "-d", "out")
    as_zip = joborch("fetch", "42", "--partial", "--zip", "-d", "zips")

    assert (finished.code, finished.out) == (0, "out\n")
    assert [each.name for each in (home / "out").iterdir()] == ["output.txt"]
    assert as_zip.out == "zips/42-dock.zip\n"
    assert (home / "zips" / "42-dock.zip").read_bytes() == ZIP


def test_of_a_log_one_stream_can_be_had_alone(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, COMPLETED)))
    stub.on("GET /api/v1/jobs/42/logs", lambda heard: sends(f"{heard.query['stream']}\n".encode()))

    said = joborch("logs", "42", "--stderr-only")

    assert (said.code, said.out, said.err) == (0, "", "stderr\n")


def test_some_of_several_is_partial_success(stub: StubServer, joborch: Run) -> None:
    jobs = [a_job_view(1, COMPLETED, results=results_of(ZIP)), a_job_view(2, RUNNING)]
    stub.on(JOBS, says(a_page(*jobs)))
    for job in jobs:
        stub.on(f"GET /api/v1/jobs/{job.id}", says(job))
    stub.on("GET /api/v1/jobs/1/results", sends(ZIP))
    stub.on("GET /api/v1/jobs/2/results", refuses(NotFinishedError(2, "running")))

    finished = joborch("fetch", "1,2")

    assert (finished.code, finished.out) == (7, "1-dock\n".replace("1-dock", "dock-1"))
    assert "job 2 is running" in finished.err


@pytest.mark.parametrize("more", [(), ("--member", "a.txt"), ("-o", "-")])
def test_results_of_a_job_that_waits_are_refused_with_why_it_does(
    stub: StubServer, joborch: Run, more: tuple[str, ...]
) -> None:
    refused = refuses(NotFinishedError(42, "queued"))
    stub.on(JOB, says(a_job_view(42)))
    stub.on(RESULTS, refused)
    stub.on(f"{JOB}/files/result/a.txt", refused)
    stub.on(f"{JOB}/explain", says(an_explanation(42, message="no agent offers example")))

    done = joborch("fetch", "42", *more)

    assert done.code == 8
    assert done.err.splitlines() == [
        "error: job 42 is queued: its results are not there yet",
        "  why: no agent offers example",
        "  fix: joborch fetch -w 42 waits for the end",
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFinishedError(42, "running"), 8),
        (ResultsGoneError(42, "removed after 48 hours"), 13),
        (JobNotFoundError(42), 3),
    ],
)
def test_no_results_have_a_code_for_each_reason(
    stub: StubServer, joborch: Run, error: JoborchError, code: int
) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING)))
    stub.on("GET /api/v1/jobs/42/results", refuses(error))

    assert joborch("fetch", "42").code == code


def test_the_results_of_a_failed_job_come_with_a_warning(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, FAILED, results=results_of(ZIP))))
    stub.on("GET /api/v1/jobs/42/results", sends(ZIP))

    finished = joborch("fetch", "42")

    assert finished.code == 0
    assert "warning: job 42 failed (exit 1)" in finished.err


def test_the_archive_itself_can_be_had(done: StubServer, process: Run, home: Path) -> None:
    joborch_zip = process("fetch", "42", "--zip")
    assert joborch_zip.out == "dock-42.zip\n"
    assert (home / "dock-42.zip").read_bytes() == ZIP

    process("fetch", "42", "-o", "here.zip")
    assert (home / "here.zip").read_bytes() == ZIP


def test_one_file_goes_to_stdout(done: StubServer, joborch: Run) -> None:
    done.on("GET /api/v1/jobs/42/files/result/output.txt", sends(b"Computation complete!\n"))

    assert joborch("fetch", "42", "--member", "output.txt").out == "Computation complete!\n"


def test_what_there_is_can_be_listed(done: StubServer, joborch: Run) -> None:
    file = FileView(name="output.txt", size_bytes=22, kind="result")
    done.on("GET /api/v1/jobs/42/files", says(FileList(items=[file])))

    assert joborch("fetch", "42", "--list").out.splitlines()[1] == "22\tresult\toutput.txt"


def test_an_unsafe_archive_is_refused(stub: StubServer, joborch: Run, home: Path) -> None:
    evil = zip_of({"../evil.txt": b"evil"})
    stub.on(JOB, says(a_job_view(42, COMPLETED, results=results_of(evil))))
    stub.on("GET /api/v1/jobs/42/results", sends(evil))

    finished = joborch("fetch", "42")

    assert finished.code == 1
    assert "was not unpacked" in finished.err
    assert not (home.parent / "evil.txt").exists()
