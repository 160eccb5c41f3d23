import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from joborch.domain.errors import JobNotFoundError
from joborch.domain.states import JobState
from joborch.wire.events import EventPage
from joborch.wire.jobs import FileList, JobPage
from tests.support.command_line import Run
from tests.support.stub_server import Answer, StubServer, refuses, says, streams
from tests.support.views import NOON, a_job_view, a_page, a_submission, an_event

JOBS = "GET /api/v1/jobs"
QUEUED, RUNNING = JobState.QUEUED, JobState.RUNNING
COMPLETED, FAILED = JobState.COMPLETED, JobState.FAILED
SORTABLE = [(1, 50, "b"), (2, 10, "a"), (3, 50, "a"), (4, 50, "b")]
"""Jobs with their priorities and names."""


@pytest.fixture
def busy(stub: StubServer) -> StubServer:
    """A server with a running job, and one that failed a moment ago."""
    now = datetime.now(UTC)
    ended = a_job_view(41, FAILED, finished_at=now, name="dock-\x1b[31mred")

    stub.on(JOBS, says(a_page(a_job_view(43, RUNNING), ended)))
    return stub


def test_a_pipe_gets_columns_with_tabs_words_and_iso_times(busy: StubServer, joborch: Run) -> None:
    done = joborch("status")

    head, first, second = (line.split("\t") for line in done.out.splitlines())
    assert head[:7] == ["id", "state", "name", "service", "user_id", "priority", "submitted_at"]
    assert first[:7] == ["43", "running", "dock", "example", "1", "50", "2026-11-23T12:00:00Z"]
    assert second[:2] == ["41", "failed"]
    assert "\x1b" not in done.out
    assert done.err == ""


def test_a_person_gets_marks_colours_and_a_summary(busy: StubServer, at_terminal: Run) -> None:
    done = at_terminal("status")

    assert "▶R" in done.out
    assert "\x1b[31m✗F" in done.out
    assert "2 jobs · 1 running · 1 failed" in done.out


def test_a_job_that_may_not_begin_yet_says_so_in_local_time_and_to_programs_in_iso(
    stub: StubServer, at_terminal: Run, joborch: Run
) -> None:
    begin = datetime(2035, 11, 29, 4, 47, 40, 142847, tzinfo=UTC)
    stub.on(JOBS, says(a_page(a_job_view(43, QUEUED, not_before=begin))))

    assert "not before 2035-11-29 04:47 " in f"{at_terminal('status', NO_COLOR='1').out} ".replace(
        "\r", " "
    ).replace("\n", " ")
    assert "not before 2035-11-29T04:47:40.142847Z" in joborch("status").out


def test_programs_get_the_agents_name_alone_and_beside_it_why(
    stub: StubServer, joborch: Run, at_terminal: Run
) -> None:
    jobs = [
        a_job_view(4, FAILED, agent="vm", exit_code=1),
        a_job_view(3, JobState.CANCELLED, agent=None, reason="cancelled by carl"),
        a_job_view(2, RUNNING, agent="vm"),
        a_job_view(1, QUEUED, held_at=NOON, hold_actor="user:root"),
    ]
    stub.on(JOBS, says(a_page(*jobs)))

    rows = joborch("status", "--fields", "agent,why").out.splitlines()
    table = at_terminal("status", NO_COLOR="1").out

    assert rows == [
        "agent\twhy",
        "vm\texit 1",
        "\tcancelled by carl",
        "vm\t",
        "\theld by root",
    ]
    assert ("exit 1 on vm" in table, "WHY" in table, "  WHY" in table) == (True, True, False)


def test_nothing_of_a_name_reaches_the_terminal_as_a_command(
    busy: StubServer, at_terminal: Run
) -> None:
    done = at_terminal("status", NO_COLOR="1")

    assert "dock-red" in done.out
    assert "\x1b" not in done.out


def test_a_narrow_terminal_loses_columns_not_lines(busy: StubServer, at_terminal: Run) -> None:
    done = at_terminal("status", COLUMNS="46", NO_COLOR="1")

    head = done.out.splitlines()[0]
    assert "PRI" not in head
    assert "AGENT / WHY" in head
    assert all(len(line) <= 46 for line in done.out.splitlines())


def test_more_than_fit_are_counted(stub: StubServer, at_terminal: Run) -> None:
    ended = [a_job_view(job_id, FAILED, finished_at=NOON) for job_id in range(90, 40, -1)]
    stub.on(JOBS, says(JobPage(items=ended, total=60, next="more")))

    done = at_terminal("status")

    assert len(done.out.splitlines()) == 1 + 50 + 1
    assert "60 jobs; of the 50 shown: 50 failed" in done.out
    assert json.loads(at_terminal("status", "--json").out)["total"] == 60


def test_what_is_active_or_has_just_ended_is_counted_in_one_answer(
    stub: StubServer, joborch: Run
) -> None:
    stub.on(JOBS, says(JobPage(items=[a_job_view(43, RUNNING)], total=2, next="more")))

    page = json.loads(joborch("status", "--json", "-N", "1").out)

    assert page["total"] == 2  # a job that ends while it is asked cannot be in two answers
    assert [heard.query["q"] for heard in stub.heard] == ["!ended>1h"]


def test_a_job_that_moves_between_two_pages_is_there_once(stub: StubServer, joborch: Run) -> None:
    first = JobPage(items=[a_job_view(43, RUNNING)], total=2, next="more")
    second = a_page(a_job_view(43, COMPLETED), a_job_view(41, COMPLETED))
    stub.on(JOBS, lambda heard: says(second if "cursor" in heard.query else first))

    done = joborch("status", "--exit-code", "--sort", "-finished_at", "--json")

    assert (done.code, json.loads(done.out)["total"]) == (0, 2)


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("user", [41, 43]),
        ("-id", [43, 41]),
        ("finished_at", [41, 43]),
        ("service,-user", [43, 41]),
    ],
)
def test_what_is_active_and_what_has_ended_is_sorted_together(
    stub: StubServer, joborch: Run, sort: str, ids: list[int]
) -> None:
    ended = a_job_view(41, FAILED, finished_at=datetime.now(UTC), user_id="ann")
    running = a_job_view(43, RUNNING, user_id="zoe")
    stub.on(JOBS, says(a_page(running, ended)))

    done = joborch("status", "-A", "--sort", sort, "-q")

    assert [int(line) for line in done.out.splitlines()] == ids


def test_fields_are_chosen_of_a_single_job_too(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42)))

    done = joborch("status", "42", "--json", "--fields", "id,state")

    assert json.loads(done.out) == {"id": 42, "state": "queued"}


@pytest.mark.parametrize("form", ["json", "ndjson", "tsv"])
def test_a_field_that_there_is_not_is_refused_in_every_form(
    busy: StubServer, joborch: Run, form: str
) -> None:
    done = joborch("status", "--format", form, "--fields", "id,stat")

    assert (done.code, done.out) == (2, "")
    assert "there is no field 'stat'; is 'state' meant?" in done.err
    assert "there are id, " in done.err


@pytest.mark.parametrize("form", ["json", "tsv"])
def test_it_is_refused_of_an_empty_list_too(stub: StubServer, joborch: Run, form: str) -> None:
    stub.on(JOBS, says(a_page()))

    assert joborch("status", "--format", form, "--fields", "nope").code == 2
    assert joborch("status", "--format", form, "--fields", "id,exit_code").code == 0


def test_fields_are_added_and_dropped_in_json_too(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42)))

    done = joborch("status", "42", "--json", "--fields", "+id,-tags")

    assert {"id", "state"} < json.loads(done.out).keys()
    assert "tags" not in json.loads(done.out)


def test_several_keys_sort_what_is_named_too(stub: StubServer, joborch: Run) -> None:
    jobs = [a_job_view(i, priority=p, name=n) for i, p, n in SORTABLE]
    stub.on(JOBS, says(a_page(*jobs)))

    done = joborch("status", "1-4", "--sort", "-priority,name", "-q")

    assert done.out.split() == ["3", "1", "4", "2"]


def test_a_key_that_there_is_not_is_refused_before_anybody_is_asked(
    stub: StubServer, joborch: Run
) -> None:
    done = joborch("status", "--sort", "-prio,name")

    assert (done.code, stub.heard) == (2, [])
    assert "there is no key 'prio'; is 'priority' meant?" in done.err


def test_json_is_one_document(busy: StubServer, joborch: Run) -> None:
    done = joborch("status", "--json")

    page = json.loads(done.out)
    assert page["schema"] == "joborch.jobs/1"
    assert [job["id"] for job in page["items"]] == [43, 41]
    assert page["items"][0]["submitted_at"] == "2026-11-23T12:00:00Z"


def test_a_list_that_is_cut_and_cannot_be_continued_claims_no_end(
    busy: StubServer, joborch: Run
) -> None:
    page = json.loads(joborch("status", "--json", "-N", "1").out)

    assert (len(page["items"]), page["total"]) == (1, 2)
    assert "next" not in page


def test_json_on_a_terminal_holds_nothing_that_it_would_obey(
    stub: StubServer, at_terminal: Run
) -> None:
    stub.on(JOBS, says(a_page(a_job_view(1, RUNNING, name="a\x9b31mb\u202e"))))

    done = at_terminal("status", "--json", "--state", "running")

    assert "\\u009b31mb\\u202e" in done.out


@pytest.mark.parametrize(
    ("form", "first_line"),
    [
        ("ids", "43"),
        ("csv", "id,state,name,service,user_id,priority,submitted_at,running_s,agent,why"),
        ("plain", "ID  ST"),
    ],
)
def test_other_forms_have_a_name(
    busy: StubServer, joborch: Run, form: str, first_line: str
) -> None:
    assert joborch("status", "--format", form).out.startswith(first_line)


def test_fields_can_be_chosen_added_and_dropped(busy: StubServer, joborch: Run) -> None:
    assert joborch("status", "--fields", "state,id").out.splitlines()[:2] == [
        "state\tid",
        "running\t43",
    ]
    head = joborch("status", "--fields", "+batch,-priority").out.splitlines()[0].split("\t")
    assert "priority" not in head
    assert head[-1] == "batch"


def test_an_unknown_field_is_named_with_the_known_ones(busy: StubServer, joborch: Run) -> None:
    done = joborch("status", "--fields", "colour")

    assert done.code == 2
    assert "'colour'" in done.err
    assert "submitted_at" in done.err


def test_without_a_selection_it_is_about_me(busy: StubServer, joborch: Run) -> None:
    joborch("status")

    assert {heard.query["user"] for heard in busy.heard} == {"1"}


def test_filters_go_to_the_server(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page()))

    joborch("ps", "-A", "--state", "failed", "-s", "example", "-N", "7", "--sort", "-priority")

    assert stub.heard[0].query == {
        "state": "failed",
        "service": "example",
        "limit": "7",
        "sort": "-priority",
    }


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("--state", "held"), "state:held"),
        (("--state", "held,failed", "-F", "dock"), "state:held,failed dock"),
        (("@held,failed",), "state:held,failed"),
    ],
)
def test_held_is_asked_for_like_a_state(
    stub: StubServer, joborch: Run, words: tuple[str, ...], asked: str
) -> None:
    stub.on(JOBS, says(a_page(a_job_view(7, held_at=datetime.now(UTC)))))

    assert joborch("status", "-q", *words).out == "7\n"
    assert stub.heard[0].query["q"] == asked
    assert "state" not in stub.heard[0].query


def test_no_jobs_is_no_error(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page()))

    assert joborch("status", "--state", "failed").code == 0


def test_an_empty_selection_is(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page()))

    done = joborch("status", "@failed")

    assert done.code == 3
    assert done.err.splitlines() == [
        "error: none of your jobs is @failed",
        "  why: you are 1",
        "  fix: --filter 'user:NAME state:failed' is about another user's",
    ]


def test_a_job_that_is_not_there_is(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/jobs/7", refuses(JobNotFoundError(7)))

    assert joborch("status", "7").code == 3


def test_one_job_is_shown_in_detail_to_a_person(stub: StubServer, at_terminal: Run) -> None:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, FAILED, tags={"run": "night"})))
    stub.on("GET /api/v1/jobs/42/events", says(EventPage(items=[an_event(42, RUNNING)])))
    stub.on("GET /api/v1/jobs/42/files", says(FileList(items=[])))

    done = at_terminal("status", "42", NO_COLOR="1")

    assert "42 dock  ✗F failed (exit 1)" in done.out
    assert "run=night" in done.out
    assert "2026-11-23 12:00:00 UTC  move → running by dispatch" in done.out


def test_the_last_submission_is_shown_in_detail_to_a_person_if_it_is_one_job(
    stub: StubServer, at_terminal: Run, joborch: Run, home: Path
) -> None:
    stub.on("POST /api/v1/jobs", says(a_submission(42), status=201))
    stub.on(JOBS, says(a_page(a_job_view(42, FAILED))))
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, FAILED)))
    stub.on("GET /api/v1/jobs/42/events", says(EventPage(items=[])))
    stub.on("GET /api/v1/jobs/42/files", says(FileList(items=[])))
    joborch("submit", "-s", "example", "--", "true")

    assert "42 dock  ✗F failed" in at_terminal("status", "last", NO_COLOR="1").out
    assert json.loads(joborch("status", "last", "--json").out)["total"] == 1


def test_what_happened_to_a_job_and_did_not_move_it_is_told_as_that(
    stub: StubServer, at_terminal: Run
) -> None:
    retried = structs.replace(an_event(42, FAILED), event="retried", from_state="failed")
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, FAILED)))
    stub.on("GET /api/v1/jobs/42/events", says(EventPage(items=[retried])))
    stub.on("GET /api/v1/jobs/42/files", says(FileList(items=[])))

    assert "UTC  retried by dispatch" in at_terminal("status", "42", NO_COLOR="1").out


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([COMPLETED, COMPLETED], 0),
        ([COMPLETED, RUNNING], 8),
        ([FAILED, RUNNING], 10),
        ([JobState.LOST, COMPLETED], 10),
        ([JobState.TIMED_OUT, JobState.INVALID], 10),
        ([JobState.INVALID, JobState.CANCELLED], 12),
        ([JobState.CANCELLED, COMPLETED], 11),
    ],
)
def test_the_exit_code_tells_how_the_jobs_stand(
    stub: StubServer, joborch: Run, states: list[JobState], code: int
) -> None:
    stub.on(JOBS, says(a_page(*(a_job_view(i, state) for i, state in enumerate(states, 1)))))

    assert joborch("status", "--exit-code", "1-2").code == code


def test_watching_a_terminal_that_can_only_append_prints_a_table_a_change(
    stub: StubServer, at_terminal: Run
) -> None:
    running = a_page(a_job_view(1, COMPLETED), a_job_view(2, RUNNING))
    ended = a_page(a_job_view(1, COMPLETED), a_job_view(2, COMPLETED))
    stub.on("GET /api/v1/events", streams(("job", an_event(2, COMPLETED))))
    stub.on(JOBS, says(running), says(running), says(ended))

    done = at_terminal("status", "--watch", "1-2", TERM="dumb")

    states = [line.split()[1:2] for line in done.out.splitlines()]
    assert states == [["ST"], ["✓C"], ["▶R"], [], ["ST"], ["✓C"], ["✓C"], []]
    assert "\x1b" not in done.out


def test_watching_a_terminal_writes_json_if_that_was_asked_for(
    stub: StubServer, at_terminal: Run
) -> None:
    stub.on("GET /api/v1/events", streams(("job", an_event(1, COMPLETED))))
    stub.on(JOBS, says(a_page(a_job_view(1, COMPLETED), a_job_view(2, COMPLETED))))

    done = at_terminal("status", "--watch", "--json", "1-2")

    assert [json.loads(line)["id"] for line in done.out.splitlines()] == [1, 2]


def test_watching_a_pipe_writes_each_change_as_a_line(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/events", streams(("job", an_event(2, COMPLETED))))
    running = a_page(a_job_view(1, COMPLETED), a_job_view(2, RUNNING))
    ended = a_page(a_job_view(1, COMPLETED), a_job_view(2, COMPLETED))
    stub.on(JOBS, says(running), says(ended))

    done = joborch("status", "--watch", "1-2")

    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [(job["id"], job["state"]) for job in lines] == [
        (1, "completed"),
        (2, "running"),
        (2, "completed"),
    ]


def test_watching_quietly_writes_the_ids_of_what_changed(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page(a_job_view(1, COMPLETED), a_job_view(2, FAILED))))
    stub.on("GET /api/v1/events", streams())

    assert joborch("status", "--watch", "-q", "1-2").out == "1\n2\n"


@pytest.mark.parametrize("words", ["", "failed,", "odd"])
def test_what_is_no_state_is_refused_with_all_there_are(joborch: Run, words: str) -> None:
    done = joborch("status", "--state", words)

    assert (done.code, done.out) == (2, "")
    assert "is no state of a job; there are queued" in done.err
    assert "held, active" in done.err


def test_watching_goes_on_when_the_server_is_back(stub: StubServer, joborch: Run) -> None:
    stub.on("GET /api/v1/events", streams(("job", an_event(2, COMPLETED))))
    away, ended = Answer(status=503), says(a_page(a_job_view(2, COMPLETED)))
    stub.on(JOBS, says(a_page(a_job_view(2, RUNNING))), *[away] * 4, ended)

    done = joborch("status", "--watch", "1-2")

    assert [json.loads(line)["state"] for line in done.out.splitlines()] == ["running", "completed"]
    assert done.err.count("waiting for it") == 1


def test_ids_come_from_another_command(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page(a_job_view(1, RUNNING), a_job_view(2, RUNNING))))

    done = joborch("status", "-q", "-", stdin="1\n2\n")

    assert done.out == "1\n2\n"
    assert stub.heard[0].query["id"] == "1,2"
