"""cancel, hold, release, set and retry."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from joborch.domain.errors import JoborchError, PayloadGoneError, RetriedError, WrongStateError
from joborch.domain.states import JobState
from joborch.wire.actions import ActionResult, ActionResults, action_error
from joborch.wire.events import EventPage
from joborch.wire.jobs import FileList
from tests.cli.test_folding import a_site
from tests.support.command_line import Run
from tests.support.stub_server import Answer, Heard, StubServer, says
from tests.support.views import NOON, a_job_view, a_page, an_event

QUEUED, RUNNING, COMPLETED = JobState.QUEUED, JobState.RUNNING, JobState.COMPLETED
CANCELLED, FAILED = JobState.CANCELLED, JobState.FAILED
JOB, JOBS, ACTIONS = "GET /api/v1/jobs/42", "GET /api/v1/jobs", "POST /api/v1/jobs/actions"
COMMANDS = [("cancel",), ("hold",), ("release",), ("retry",), ("set", "priority=80")]


def done(job_id: int, state: JobState = QUEUED, *, new_id: int | None = None) -> ActionResult:
    return ActionResult(id=job_id, ok=True, state=state.value, new_id=new_id)


def refused(job_id: int, state: JobState, error: JoborchError | None = None) -> ActionResult:
    wrong = error or WrongStateError(job_id, state.value, "do")
    return ActionResult(id=job_id, ok=False, state=state.value, error=action_error(wrong))


def answers(*results: ActionResult) -> Callable[[Heard], Answer]:
    """A server that says this about the jobs, whatever is done to them."""
    return lambda heard: says(
        ActionResults(action=json.loads(heard.body)["action"], results=list(results))
    )


def asked(stub: StubServer) -> Any:
    """The body of the last action."""
    return json.loads([heard.body for heard in stub.heard if heard.method == "POST"][-1])


@pytest.fixture
def two(stub: StubServer) -> StubServer:
    """Two jobs, of which the second has ended."""
    stub.on(JOBS, says(a_page(a_job_view(1, QUEUED), a_job_view(2, COMPLETED))))
    stub.on(ACTIONS, answers(done(1, CANCELLED), refused(2, COMPLETED)))
    return stub


@pytest.mark.parametrize(
    ("command", "said", "body"),
    [
        (("hold",), "held", {"action": "hold"}),
        (("release",), "released", {"action": "release"}),
        (
            ("set", "priority=80"),
            "changed",
            {"action": "set", "changes": {"priority": 80}},
        ),
        (
            ("cancel", "--reason", "a typo", "--now"),
            "is being cancelled",
            {"action": "cancel", "reason": "a typo", "grace_s": 0.0},
        ),
        (
            ("retry", "--completed", "-p", "7"),
            "→ 43",
            {"action": "retry", "completed": True, "priority": 7},
        ),
    ],
)
def test_one_job_of_ones_own_needs_no_question(
    stub: StubServer, joborch: Run, command: tuple[str, ...], said: str, body: dict[str, Any]
) -> None:
    held_at = NOON if command == ("release",) else None
    stub.on(JOB, says(a_job_view(42, held_at=held_at)))
    stub.on(ACTIONS, answers(done(42, new_id=43)))

    finished = joborch(*command, "42")

    assert (finished.code, finished.out, finished.err) == (0, f"42 {said}\n", "")
    assert asked(stub) == {"ids": [42], **body}
    assert stub.heard[-1].query == {"by": "1"}


@pytest.mark.parametrize("command", COMMANDS)
def test_several_are_asked_for_and_without_a_person_refused(
    two: StubServer, joborch: Run, command: tuple[str, ...]
) -> None:
    finished = joborch(*command, "1,2")

    assert finished.code == 2
    assert "2 jobs (0 running): 1, 2?" in finished.err
    assert finished.err.splitlines()[1:] == [
        "  why: several jobs are asked about",
        "  fix: add --yes",
    ]
    assert two.paths() == [JOBS]


def test_a_job_of_somebody_else_is_asked_for_too(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING, user_id="bob")))

    finished = joborch("cancel", "42")

    assert finished.code == 2
    assert "Cancel 1 job of bob (1 running): 42?" in finished.err
    assert stub.paths() == [JOB]


@pytest.mark.parametrize("command", [each for each in COMMANDS if each != ("release",)])
def test_with_yes_each_job_is_told_of_and_some_is_partial(
    two: StubServer, joborch: Run, command: tuple[str, ...]
) -> None:
    finished = joborch(*command, "1,2", "--yes")

    assert finished.code == 7
    assert finished.out.splitlines()[1] == "2 skipped: already completed"
    assert sorted(asked(two)["ids"]) == [1, 2]


@pytest.fixture
def queue(stub: StubServer) -> StubServer:
    """Thirty jobs, every other of which is another's."""
    jobs = [a_job_view(job_id, user_id="12"[job_id % 2]) for job_id in range(1, 31)]
    stub.on(JOBS, says(a_page(*jobs)))
    stub.on(ACTIONS, answers(*(done(job.id) for job in jobs)))
    return stub


@pytest.mark.parametrize(
    ("typed", "code"), [("y\n", 1), ("29\n", 1), ("30\n", 0)], ids=["y", "29", "30"]
)
def test_of_a_whole_queue_the_number_has_to_be_typed(
    queue: StubServer, at_terminal: Run, typed: str, code: int
) -> None:
    finished = at_terminal("hold", "1-30", typed=typed)

    assert "Hold 30 jobs of 1, 2 (0 running): 1, 2, 3" in finished.out
    assert "? [type their number]" in finished.out
    assert finished.code == code


@pytest.mark.parametrize("command", [each for each in COMMANDS if each != ("release",)])
def test_a_script_has_to_say_how_many_jobs_of_a_whole_queue_it_means(
    queue: StubServer, joborch: Run, command: tuple[str, ...]
) -> None:
    finished = joborch(*command, "1-30", "--yes")

    assert finished.code == 2
    assert finished.err == ("error: 30 jobs of 2 users are meant\n  fix: add --expect 30\n")
    assert joborch(*command, "1-30", "--yes", "--expect", "30").code == 0


def test_a_queue_that_has_grown_meanwhile_is_left_alone(queue: StubServer, joborch: Run) -> None:
    finished = joborch("cancel", "1-30", "--yes", "--expect", "29")

    assert finished.code == 2
    assert finished.err == "error: 30 jobs are meant, and 29 were expected\n"
    assert queue.paths() == [JOBS]


def test_a_person_is_asked(two: StubServer, at_terminal: Run) -> None:
    no = at_terminal("cancel", "1,2", typed="n\n")
    assert (no.code, two.paths()) == (1, [JOBS])

    yes = at_terminal("cancel", "1,2", typed="y\n")
    assert "Cancel 2 jobs (0 running): 1, 2? [y/N]" in yes.out
    assert yes.code == 7


def test_who_wants_no_question_is_told_how_to_answer_it(two: StubServer, at_terminal: Run) -> None:
    refused = at_terminal("cancel", "1,2", "--no-input")

    assert refused.code == 2
    assert "fix: add --yes" in refused.out


def test_when_nothing_could_be_done_it_is_refused(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, RUNNING)))
    stub.on(ACTIONS, answers(refused(42, RUNNING)))

    finished = joborch("hold", "42")

    assert (finished.code, finished.out) == (6, "42 skipped: running\n")


def test_a_reason_other_than_the_state_is_told_in_words(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42, FAILED)))
    stub.on(ACTIONS, answers(refused(42, FAILED, PayloadGoneError(42))))

    finished = joborch("retry", "42")

    assert finished.code == 6
    assert "its files were removed after the retention period" in finished.out


def test_how_to_retry_what_completed_is_told(stub: StubServer, at_terminal: Run) -> None:
    stub.on(JOB, says(a_job_view(42, COMPLETED)))
    stub.on(ACTIONS, answers(refused(42, COMPLETED)))

    finished = at_terminal("retry", "42", NO_COLOR="1")

    assert finished.code == 6
    assert finished.out.splitlines() == [
        "42 skipped: already completed",
        "  hint: --completed retries those that completed, too",
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dry_run_does_nothing(two: StubServer, joborch: Run, command: tuple[str, ...]) -> None:
    finished = joborch(*command, "--dry-run", "1,2")
    as_json = json.loads(joborch(*command, "--dry-run", "--json", "1,2").out)

    assert finished.out == "1 queued\n2 completed\n"
    assert as_json == {
        "schema": f"joborch.{command[0]}/1",
        "dry_run": True,
        "items": [{"id": 1, "state": "queued"}, {"id": 2, "state": "completed"}],
    }
    assert joborch(*command, "--dry-run", "-q", "1,2").out == "1\n2\n"
    assert two.paths() == [JOBS] * 3


@pytest.mark.parametrize("command", COMMANDS)
def test_no_job_at_all_is_not_found(
    stub: StubServer, joborch: Run, command: tuple[str, ...]
) -> None:
    stub.on(JOBS, says(a_page()))

    assert joborch(*command, "@held", "--yes").code == 3
    assert stub.paths() == [JOBS]


def test_only_those_in_a_state_are_meant(stub: StubServer, joborch: Run) -> None:
    jobs = a_page(a_job_view(1, FAILED), a_job_view(2, COMPLETED), a_job_view(3, RUNNING))
    stub.on(JOBS, says(jobs))
    stub.on(ACTIONS, answers(done(1, FAILED, new_id=4)))

    assert joborch("retry", "b-31", "--only", "bad").out == "1 → 4\n"
    assert asked(stub)["ids"] == [1]
    assert joborch("retry", "b-31", "--only", "lost").code == 3
    assert joborch("retry", "b-31", "--only", "odd").code == 2


@pytest.mark.parametrize(
    ("command", "words", "others"),
    [
        (("cancel",), "queued held assigned running active waiting R", "failed done"),
        (("hold",), "queued held active waiting PD", "running bad"),
        (("release",), "queued held active waiting", "assigned done"),
        (("set", "priority=80"), "queued held active waiting", "running done"),
        (("retry",), "failed timed_out cancelled lost done bad F", "completed invalid held"),
        (("retry", "--completed"), "completed failed", "invalid queued"),
    ],
)
def test_only_takes_each_state_in_which_the_action_can_be_done_to_a_job(
    stub: StubServer, joborch: Run, command: tuple[str, ...], words: str, others: str
) -> None:
    stub.on(JOBS, says(a_page()))

    for word in words.split():
        assert joborch(*command, "@active", "--only", word).code == 3  # no such job
    asked_so_far = len(stub.heard)
    refused = [joborch(*command, "@active", "--only", word) for word in others.split()]

    assert {done.code for done in refused} == {2}
    assert all("; there are " in done.err for done in refused)
    assert len(stub.heard) == asked_so_far


def test_only_held_leaves_out_what_waits_without_being_held(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page(a_job_view(1), a_job_view(2, held_at=NOON), a_job_view(3, RUNNING))))

    assert joborch("cancel", "b-31", "--only", "held", "--dry-run").out == "2 queued\n"
    assert joborch("cancel", "b-31", "--only", "held,running", "-q", "--dry-run").out == "2\n3\n"


def test_what_only_cannot_be_about_is_told_with_what_it_can(joborch: Run) -> None:
    done = joborch("hold", "42", "--only", "running")

    assert done.err == (
        "error: --only: no job that is 'running' can be held;"
        " there are queued, held, active, waiting\n"
    )


def test_those_that_are_held_can_be_named(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page(a_job_view(1, held_at=NOON))))
    stub.on(ACTIONS, answers(done(1)))

    assert joborch("release", "@held").out == "1 released\n"
    assert (stub.heard[0].query["q"], stub.heard[0].query["user"]) == ("state:held", "1")


def test_what_is_not_held_is_not_said_to_be_released(stub: StubServer, joborch: Run) -> None:
    stub.on(JOBS, says(a_page(a_job_view(1, held_at=NOON), a_job_view(2))))
    stub.on(ACTIONS, answers(done(1)))

    finished = joborch("release", "1,2", "--yes")

    assert (finished.code, finished.out) == (7, "1 released\n2 skipped: not held\n")
    assert asked(stub)["ids"] == [1]


@pytest.mark.parametrize(
    ("holder", "said"),
    [("user:bob", "held already, by bob"), ("api", "held already"), (None, "held already")],
)
def test_what_is_held_is_not_said_to_be_held_by_who_tries(
    stub: StubServer, joborch: Run, holder: str | None, said: str
) -> None:
    stub.on(JOB, says(a_job_view(42, held_at=NOON, hold_actor=holder)))

    finished = joborch("hold", "42")

    assert (finished.code, finished.out) == (6, f"42 skipped: {said}\n")
    assert not [heard for heard in stub.heard if heard.method == "POST"]


def test_in_json_there_is_all_about_each_job(two: StubServer, joborch: Run) -> None:
    finished = joborch("cancel", "--json", "--yes", "1,2")

    assert json.loads(finished.out) == {
        "schema": "joborch.cancel/1",
        "items": [
            {
                "id": 1,
                "ok": True,
                "state": "cancelled",
                "new_id": None,
                "message": "cancelled",
                "error": None,
            },
            {
                "id": 2,
                "ok": False,
                "state": "completed",
                "new_id": None,
                "message": "skipped: already completed",
                "error": {
                    "code": "wrong_state",
                    "message": "job 2 is completed: cannot do it",
                    "hint": None,
                },
            },
        ],
    }


def test_quiet_is_the_ids_and_what_went_wrong(two: StubServer, joborch: Run) -> None:
    quiet = joborch("hold", "-q", "--yes", "1,2")
    silent = joborch("hold", "-qq", "--yes", "1,2")

    assert (quiet.out, quiet.err) == ("1\n", "2 skipped: already completed\n")
    assert (silent.code, silent.out, silent.err) == (7, "", "")


def test_the_new_jobs_of_a_retry_are_the_last_that_were_submitted(
    stub: StubServer, joborch: Run
) -> None:
    stub.on(JOB, says(a_job_view(42, FAILED)))
    stub.on("GET /api/v1/jobs/43", says(a_job_view(43)))
    stub.on(JOBS, says(a_page(a_job_view(43))))
    stub.on(ACTIONS, answers(done(42, FAILED, new_id=43)))

    assert joborch("retry", "-q", "42").out == "43\n"
    assert joborch("hold", "--dry-run", "last").out == "43 queued\n"


@pytest.mark.parametrize(
    ("words", "is_again"),
    [
        (("42",), True),
        (("42", "40-43"), True),
        (("@failed",), False),
        (("42", "b-31"), False),
        (("-F", "state:failed"), False),
    ],
)
def test_what_was_retried_before_is_retried_again_only_by_its_id(
    stub: StubServer, joborch: Run, words: tuple[str, ...], is_again: bool
) -> None:
    stub.on(JOB, says(a_job_view(42, FAILED)))
    stub.on(JOBS, says(a_page(a_job_view(42, FAILED))))
    stub.on(ACTIONS, answers(done(42, FAILED, new_id=43)))
    joborch("retry", *words, "--yes")

    assert asked(stub).get("again", True) is is_again


def test_what_was_retried_before_is_told_with_the_job_it_became(
    stub: StubServer, at_terminal: Run
) -> None:
    stub.on(JOBS, says(a_page(a_job_view(42, FAILED))))
    stub.on(ACTIONS, answers(refused(42, FAILED, RetriedError(42, 43))))

    finished = at_terminal("retry", "@failed", "--yes", NO_COLOR="1")

    assert finished.code == 6
    assert finished.out.splitlines() == [
        "42 skipped: job 42 was retried as 43",
        "  hint: what is named by its id is retried again",
    ]


def test_every_value_can_be_set(stub: StubServer, joborch: Run) -> None:
    stub.on(JOB, says(a_job_view(42)))
    stub.on(ACTIONS, answers(done(42)))

    joborch("set", "42", "name=a=b", "tag.run=night", "tag.old=", "time_limit=1h30m")
    assert asked(stub)["changes"] == {
        "name": "a=b",
        "tags": {"run": "night", "old": None},
        "time_limit_s": 5400.0,
    }
    joborch("set", "time_limit=", "begin=2030-01-01T12:00:00+01:00", "42")
    assert asked(stub)["changes"] == {
        "time_limit_s": None,
        "not_before": "2030-01-01T12:00:00+01:00",
    }
    joborch("set", "42", "begin=")
    assert asked(stub)["changes"] == {"not_before": None}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["42"], "what is to be changed?"),
        (["priority=80"], "which jobs?"),
        (["42", "priority=high"], "priority: not a whole number from 0 to 100"),
        (["42", "priority=101"], "priority: not a whole number from 0 to 100"),
        (["42", "prioritty=1"], "there is no 'prioritty' to be changed"),
        (["42", "name="], "name: a job's name has"),
        (["42", "tag.=x"], "tag '': a key has"),
        (["42", "time_limit=soon"], "time_limit 'soon'"),
        (["42", "begin=soonish"], "begin: 'soonish' is no time"),
        (["42", "name=a", "name=b"], "name is there twice"),
        (["fortytwo", "name=a"], "'fortytwo' names no jobs"),
    ],
)
def test_what_makes_no_sense_is_not_sent(
    stub: StubServer, joborch: Run, words: list[str], said: str
) -> None:
    finished = joborch("set", *words)

    assert finished.code == 2
    assert said in finished.err
    assert stub.heard == []


def test_a_held_job_is_shown_as_held(stub: StubServer, joborch: Run) -> None:
    a_site(stub).on(
        JOBS, says(a_page(a_job_view(1, held_at=NOON), a_job_view(2), a_job_view(3, RUNNING)))
    )

    finished = joborch("status", "--format", "plain", "--state", "active")

    assert "‖H" in finished.out.splitlines()[1]
    assert finished.out.splitlines()[1].endswith("held")
    assert finished.err == "3 jobs · 2 queued, 1 of them held · 1 running\n"


def test_a_change_is_told_with_both_values(stub: StubServer, at_terminal: Run) -> None:
    event = an_event(42, QUEUED)
    event.event, event.detail = "changed", {"priority": {"old": 50, "new": 80}}
    explanation = {"message": "held until somebody releases it", "reason": "held"}
    numbers = dict.fromkeys(["user_active", "user_limit", "service_active", "agents"], 0)
    nothing: dict[str, Any] = {
        "service_limit": None,
        "position": None,
        "ahead": None,
        "held_by": [],
    }
    job = {"job_id": 42, "state": "queued", "free_slots": 0}
    stub.on(JOB, says(a_job_view(42, held_at=NOON)))
    stub.on(f"{JOB}/events", says(EventPage(items=[event])))
    stub.on(f"{JOB}/files", says(FileList(items=[])))
    stub.on(f"{JOB}/explain", says(explanation | numbers | nothing | job))

    finished = at_terminal("status", "42", NO_COLOR="1")

    assert "42 dock  ‖H held" in finished.out
    assert "waits     held until somebody releases it" in finished.out
    assert "changed → queued by dispatch priority 50 → 80" in finished.out
    assert "place:" not in finished.out


@pytest.mark.parametrize("command", [("cancel",), ("status",), ("retry",), ("wait",)])
def test_an_empty_standard_input_is_told_as_that(
    stub: StubServer, joborch: Run, command: tuple[str, ...]
) -> None:
    finished = joborch(*command, "-", stdin="")

    assert (finished.code, finished.out) == (3, "")
    assert finished.err.startswith("error: there are no ids on standard input\n")
    assert stub.paths() == []
