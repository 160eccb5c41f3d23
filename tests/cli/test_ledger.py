"""A submission of many that can be begun again: nothing twice, nothing forgotten."""

import json
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from joborch.cli.exits import UsageError
from joborch.cli.ledger import ChangedError, Entry, Ledger, kept, seen
from joborch.client import Submission
from joborch.domain.errors import ConflictError
from tests.support.command_line import Run
from tests.support.relay import Relay, a_relay
from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_until

SERVER = "http://orch:5000"
ITEMS = "abcdef"
Kill = Callable[[], None]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("ledger") / "data"
    with running_server(data, service=["example", "other"]) as running:
        yield running


@pytest.fixture
def relay(server: RunningServer) -> Iterator[Relay]:
    with a_relay(server.url) as relay:
        yield relay


@pytest.fixture
def env(env: dict[str, str], relay: Relay, tmp_path: Path) -> dict[str, str]:
    """A user of one's own, so that all jobs there are can be counted."""
    user = re.sub(r"\W", "", tmp_path.name)[-60:]
    return env | {
        "JOBORCH_SERVER": relay.url,
        "JOBORCH_SERVICE": "example",
        "JOBORCH_USER_ID": user,
    }


@pytest.fixture
def here(home: Path) -> Path:
    """A directory with a script and six inputs."""
    (home / "run.sh").write_text("#!/bin/sh\ntrue\n")
    for name in ITEMS:
        (home / f"{name}.pdb").write_text(name)
    return home


@pytest.fixture
def kill_when_held(relay: Relay, here: Path, env: dict[str, str]) -> Kill:
    """Submit with a ledger, and kill -9 the process when the relay holds what it sent."""

    def kill() -> None:
        process = start(env, here, *WITH_LEDGER)
        wait_until(relay.is_holding.is_set, timeout=30)
        process.kill()
        process.communicate()

    return kill


COMMAND = ("submit", "-j", "1", "--each", "*.pdb", "--begin", "2h", "run.sh")
WITH_LEDGER = (*COMMAND, "--ledger", "sub.ledger")


@pytest.mark.parametrize(
    ("held", "is_taken"), [(n, taken) for n in (1, 3, 6) for taken in (True, False)]
)
def test_after_a_kill_in_the_middle_a_rerun_submits_what_is_missing_and_nothing_twice(
    relay: Relay, joborch: Run, kill_when_held: Kill, held: int, is_taken: bool
) -> None:
    relay.held, relay.after_the_server_took_it = held, is_taken
    kill_when_held()

    again = joborch(*WITH_LEDGER)
    relay.release()  # what the dead one had sent arrives only now

    assert again.code == 0
    assert len(set(again.out.split())) == len(ITEMS)
    assert sorted(joborch("status", "-q").out.split()) == sorted(again.out.split())
    assert relay.submissions == len(ITEMS) + 1


def test_killed_again_and_again_with_many_under_way_it_is_complete_in_the_end(
    relay: Relay, joborch: Run, here: Path, env: dict[str, str]
) -> None:
    (here / "items").write_text("".join(f"{number}\n" for number in range(24)))
    command = ("submit", "-j", "8", "--each-line", "items", "--ledger", "sub.ledger", "run.sh")
    for lines in (4, 14, 24, 34):
        process = start(env, here, *command)
        wait_until(partial(has_lines, here / "sub.ledger", lines), timeout=30)
        process.kill()
        process.communicate()

    done = joborch(*command)

    assert done.code == 0
    assert len(set(done.out.split())) == 24
    assert sorted(joborch("status", "-q").out.split()) == sorted(done.out.split())


def test_a_complete_ledger_submits_nothing_and_tells_the_same_jobs(
    relay: Relay, joborch: Run, here: Path
) -> None:
    first = joborch(*WITH_LEDGER)
    again = joborch(*WITH_LEDGER)

    assert again.out == first.out
    assert relay.submissions == len(ITEMS)


def test_new_items_are_submitted_and_the_others_told_as_duplicates(
    relay: Relay, joborch: Run, here: Path
) -> None:
    joborch(*WITH_LEDGER)
    (here / "g.pdb").write_text("g")
    plan = joborch(*WITH_LEDGER, "--dry-run")

    again = joborch(*WITH_LEDGER, "--json")

    assert "Would submit 1 job" in plan.err
    assert "6 submitted before" in plan.err
    jobs = json.loads(again.out)["jobs"]
    assert [job["duplicate"] for job in jobs] == [True] * 6 + [False]


def test_ctrl_c_says_how_to_continue_even_without_a_ledger(
    relay: Relay, joborch: Run, here: Path, env: dict[str, str]
) -> None:
    relay.held = 3
    process = start(env, here, *COMMAND)
    wait_until(relay.is_holding.is_set, timeout=30)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert len(out.split()) == 2
    told = re.search(r"submitted 2 of 6 · continue with --ledger (\S+)", err)
    assert told, err
    relay.release()
    again = joborch(*COMMAND, "--ledger", told[1])
    assert again.out.split()[:2] == out.split()
    assert sorted(joborch("status", "-q").out.split()) == sorted(again.out.split())


def test_when_the_server_goes_away_the_rest_is_left_for_a_rerun(
    relay: Relay, joborch: Run, here: Path
) -> None:
    relay.down_after = 1
    failed = joborch(*WITH_LEDGER, "--json")
    tries = relay.submissions - 1
    relay.down_after = None

    assert failed.code == 7
    assert tries == 3
    assert [each["item"] for each in json.loads(failed.out)["failed"]] == ["b.pdb"]
    assert json.loads(failed.out)["not_sent"] == [f"{name}.pdb" for name in "cdef"]
    assert "continue with --ledger sub.ledger" in failed.err
    again = joborch(*WITH_LEDGER)
    assert sorted(joborch("status", "-q").out.split()) == sorted(again.out.split())
    assert len(again.out.split()) == len(ITEMS)


def test_a_content_that_changed_since_it_was_sent_is_refused(
    relay: Relay, joborch: Run, here: Path, kill_when_held: Kill
) -> None:
    relay.held, relay.after_the_server_took_it = 1, True
    kill_when_held()
    (here / "a.pdb").write_text("another")

    again = joborch(*WITH_LEDGER)

    assert (again.code, len(again.out.split())) == (7, 5)
    assert "a.pdb: " in again.err


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("-p", "70"), "changed since it was submitted"),
        (("-s", "other"), "changed since it was submitted"),
        (("-e", "X=1"), "changed since it was submitted"),
        (("-u", "eve"), "the ledger has it for user"),
    ],
)
def test_what_was_submitted_otherwise_is_refused_and_nothing_is_sent(
    relay: Relay, joborch: Run, here: Path, more: tuple[str, ...], reason: str
) -> None:
    joborch(*WITH_LEDGER)

    again = joborch(*WITH_LEDGER[:-3], *more, *WITH_LEDGER[-3:])
    plan = joborch(*WITH_LEDGER[:-3], *more, *WITH_LEDGER[-3:], "--dry-run")

    assert (again.code, again.out, plan.code, plan.out) == (6, "", 6, "")
    assert reason in again.err
    assert "a.pdb" in again.err
    assert "fix: submit it with a new ledger" in again.err
    assert reason in plan.err
    assert relay.submissions == len(ITEMS)


def test_of_a_changed_file_only_its_item_is_refused(relay: Relay, joborch: Run, here: Path) -> None:
    joborch(*WITH_LEDGER)
    (here / "c.pdb").write_text("another")

    again = joborch(*WITH_LEDGER)

    assert (again.code, len(again.out.split())) == (7, 5)
    assert "why: c.pdb: changed since it was submitted" in again.err
    assert "fix: submit it with a new ledger" in again.err
    (here / "c.pdb").write_text("c")
    assert joborch(*WITH_LEDGER).code == 0


def test_a_changed_script_is_refused_but_a_ledger_without_digests_is_believed(
    joborch: Run, here: Path
) -> None:
    first = joborch(*WITH_LEDGER)
    (here / "run.sh").write_text("#!/bin/sh\nfalse\n")
    assert joborch(*WITH_LEDGER).code == 6
    lines = [json.loads(line) for line in (here / "sub.ledger").read_text().splitlines()]
    old = [{key: value for key, value in line.items() if key != "digest"} for line in lines]
    (here / "sub.ledger").write_text("".join(f"{json.dumps(line)}\n" for line in old))

    assert joborch(*WITH_LEDGER).out == first.out


def test_what_was_changed_before_it_arrived_is_known_as_what_was_sent_in_the_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger"
    with kept(path, SERVER) as ledger:
        ledger.begin("a", a_wish(), "one")
        ledger.begin("a", a_wish(), "two")
        ledger.end("a", 7)

    ledger = seen(path, SERVER)
    assert ledger.known("a", a_wish(), "two") == 7
    with pytest.raises(ChangedError):
        ledger.known("a", a_wish(), "one")


def start(env: dict[str, str], here: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "joborch", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=here,
        env=env,
    )


def has_lines(path: Path, number: int) -> bool:
    return path.exists() and path.read_text().count("\n") >= number


def a_wish(user: str = "ann") -> Submission:
    return Submission(service="example", user_id=user, files={"run.sh": b"true"})


def test_the_key_is_on_disk_before_anything_is_sent(tmp_path: Path) -> None:
    with kept(tmp_path / "ledger", SERVER) as ledger:
        sending = ledger.begin("a", a_wish())
        lines = (tmp_path / "ledger").read_text().splitlines()

    assert json.loads(lines[-1])["key"] == sending.key


def test_every_line_survives_and_a_torn_one_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with kept(path, SERVER) as ledger:
        first = ledger.begin("a", a_wish())
        ledger.end("a", 7)
        second = ledger.begin("b", a_wish())
    path.write_bytes(path.read_bytes() + b'{"item": "b", "id": 1')

    with kept(path, SERVER) as ledger:
        assert ledger.job_id("a") == 7
        assert ledger.job_id("b") is None
        assert ledger.begin("b", a_wish()).key == second.key != first.key
        ledger.end("b", 12)
    assert seen(path, SERVER).job_id("b") == 12


def test_a_line_that_does_not_fit_on_the_disk_leaves_the_ledger_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    with kept(path, SERVER) as ledger:
        first = ledger.begin("a", a_wish())
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, unlimited[1]))
        try:
            with pytest.raises(OSError, match="too large"):
                ledger.begin("b", a_wish())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        ledger.end("a", 7)

    assert seen(path, SERVER).entries["a"] == Entry(first.key or "", "ann", None, 7)


def test_a_ledger_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    with kept(tmp_path / "ledger", SERVER), pytest.raises(ConflictError, match="another joborch"):
        kept(tmp_path / "ledger", SERVER).__enter__()


def test_a_ledger_of_another_server_is_refused(tmp_path: Path) -> None:
    with kept(tmp_path / "ledger", SERVER):
        pass

    with pytest.raises(UsageError, match="about http://orch:5000, not about http://other"):
        seen(tmp_path / "ledger", "http://other")


def test_an_item_of_another_user_is_refused(tmp_path: Path) -> None:
    ledger = Ledger(SERVER)
    ledger.begin("a", a_wish())

    with pytest.raises(ChangedError, match="for user ann"):
        ledger.begin("a", a_wish("bob"))


@pytest.mark.parametrize(
    "content", ["#!/bin/sh\n", "echo", "[]\n", '{"a": 1}\n', '{"ledger": 2}\n']
)
def test_a_file_that_is_no_ledger_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ledger"
    path.write_text(content)

    with pytest.raises(UsageError, match="ledger"):
        kept(path, SERVER).__enter__()
    assert path.read_text() == content
