"""What changes, in sentences; and a menu for who can only read lines."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from joborch.domain.states import JobState
from joborch.tui.feed import Feed
from joborch.tui.look import Look
from joborch.tui.picture import Picture
from joborch.tui.plain import Teller, end, phrase
from joborch.tui.plain_menu import Menu
from joborch.tui.plain_person import Person
from joborch.tui.rhythm import Rhythm
from joborch.wire.events import LogText
from tests.support.site import a_site
from tests.support.views import NOON, a_job_view
from tests.support.waiting import async_wait_until
from tests.tui.a_site import an_agent
from tests.tui.scripted import ScriptedSource
from tests.tui.test_terminal import ENTERED, on_a_terminal

QUEUED, RUNNING, COMPLETED = JobState.QUEUED, JobState.RUNNING, JobState.COMPLETED
QUICK = Rhythm(gather_s=0.01, surroundings_s=0.01, first_pause_s=0.01, longest_pause_s=0.02)


class Heard:
    """What was said, and a person who types."""

    def __init__(self, typing: int) -> None:
        self.lines: list[str] = []
        self._typing = typing

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    def type(self, line: str) -> None:
        os.write(self._typing, f"{line}\n".encode())

    async def hears(self, *lines: str) -> None:
        await async_wait_until(
            lambda: all(line in self.lines for line in lines),
            timeout=20,
            describe=lambda: "\n".join(self.lines),
        )


def play(
    story: Callable[[Heard], Awaitable[None]], source: ScriptedSource, **look: object
) -> list[str]:
    """Play a story in plain words; returns everything that was said."""

    async def played() -> list[str]:
        picture, reading = Picture(), pty.openpty()
        heard = Heard(reading[0])
        seen = Look(**{"user_id": "ann", "now": lambda: NOON} | look)  # type: ignore[arg-type]  # as the test says
        teller = Teller(picture, seen, heard)
        feed = Feed(source, picture, tell=teller.tell, now=seen.now, rhythm=QUICK)
        with Person(reading[1], heard) as person:
            menu = Menu(person, source, picture, seen, teller)
            tasks = [asyncio.create_task(feed.run()), asyncio.create_task(menu.serve())]
            telling = asyncio.ensure_future(story(heard))
            try:
                await asyncio.wait([telling, *tasks], return_when=asyncio.FIRST_COMPLETED)
                for task in (telling, *tasks):
                    if task.done():
                        task.result()
            finally:
                for task in (telling, *tasks):
                    await end(task)
        for descriptor in reading:
            os.close(descriptor)
        return heard.lines

    return asyncio.run(played())


def a_source() -> ScriptedSource:
    source = ScriptedSource(
        a_job_view(7, RUNNING, user_id="ann"),
        a_job_view(8, user_id="ann", name="energies"),
        a_job_view(9, user_id="bob"),
        a_job_view(6, JobState.FAILED, user_id="ann"),
    )
    source.agent_views = [an_agent("compute-1")]
    return source


def test_with_a_filter_it_begins_with_those_that_pass() -> None:
    async def story(heard: Heard) -> None:
        await heard.hears(
            "3 jobs: 1 running, 1 queued, 1 failed (of 4, by user:ann); 1 of 1 agents up"
        )

    play(story, a_source(), filter_text="user:ann")


def test_it_begins_with_a_summary_and_says_only_what_changes() -> None:
    source = a_source()

    async def story(heard: Heard) -> None:
        await heard.hears("4 jobs: 1 running, 2 queued, 1 failed; 1 of 1 agents up")
        source.happen(a_job_view(8, RUNNING, user_id="ann", name="energies"))
        await heard.hears("job 8 running on compute-1: energies, user ann")
        source.happen(a_job_view(8, RUNNING, user_id="ann", name="energies", priority=51))
        source.happen(a_job_view(8, COMPLETED, user_id="ann", name="energies"))
        await heard.hears("job 8 completed: energies, user ann")

    said = play(story, source)
    assert len([line for line in said if line.startswith("job ")]) == 2


def test_many_that_change_alike_are_one_sentence() -> None:
    source = a_source()

    async def story(heard: Heard) -> None:
        await heard.hears("4 jobs: 1 running, 2 queued, 1 failed; 1 of 1 agents up")
        source.happen(*(a_job_view(i, user_id="ann") for i in range(100, 350)))
        await heard.hears("250 jobs queued: 100-349")

    play(story, source)


def test_a_filter_leaves_out_the_others_but_hears_of_the_end() -> None:
    source = a_source()

    async def story(heard: Heard) -> None:
        await heard.hears(
            "2 jobs: 1 running, 1 queued (of 4, by user:me state:active); 1 of 1 agents up"
        )
        source.happen(a_job_view(9, RUNNING, user_id="bob"))
        source.happen(a_job_view(7, COMPLETED, user_id="ann"))
        await heard.hears("job 7 completed: dock, user ann")

    said = play(story, source, filter_text="user:me state:active")
    assert not [line for line in said if line.startswith("job 9")]


def test_the_connection_and_agents_are_told_of() -> None:
    source = a_source()

    async def story(heard: Heard) -> None:
        await heard.hears("4 jobs: 1 running, 2 queued, 1 failed; 1 of 1 agents up")
        source.go_away()
        await heard.hears(
            "not connected, trying again: cannot reach http://orch:5000 (connection refused)"
        )
        source.agent_views = [an_agent("compute-1", state="down"), an_agent("gpu-1")]
        source.come_back()
        await heard.hears("connected again", "agent compute-1 down", "agent gpu-1 up")

    said = play(story, source)
    assert len([line for line in said if line.startswith("not connected")]) == 1


def test_without_a_server_it_says_what_to_start() -> None:
    source = a_source()
    source.go_away()

    async def story(heard: Heard) -> None:
        await async_wait_until(lambda: len(heard.lines) > 1)

    said = play(story, source)
    assert said[1].endswith("; start one with `joborch serve`")


def test_cancelling_names_the_jobs_and_waits_for_yes() -> None:
    source = a_source()

    async def story(heard: Heard) -> None:
        await heard.hears("1 list, 2 cancel, 3 hold, 4 release, 5 retry, 6 log, 7 quit; then Enter")
        await heard.hears("4 jobs: 1 running, 2 queued, 1 failed; 1 of 1 agents up")
        heard.type("2")
        heard.type("6-8")
        await heard.hears(
            "job 7 running on compute-1: dock, user ann",
            "job 8 queued: energies, user ann",
            "cancel 2 jobs? Type yes; anything else leaves it",
        )
        heard.type("y")
        await heard.hears("nothing was done")
        for line in ("2", "7", "yes"):
            heard.type(line)
        await heard.hears("cancelled 1 job")

    play(story, source)
    assert source.cancelled == [7]


def test_others_jobs_are_pointed_out_and_need_their_number() -> None:
    source = ScriptedSource(a_job_view(7, user_id="bob"))
    source.agent_views = [an_agent("compute-1")]

    async def story(heard: Heard) -> None:
        await heard.hears("1 jobs: 1 queued; 1 of 1 agents up")
        for line in ("2", "7", "yes"):
            heard.type(line)
        await heard.hears(
            "not yours: they are bob's",
            "cancel 1 job? Type 1; anything else leaves it",
            "nothing was done",
        )

    play(story, source)
    assert source.cancelled == []


def test_many_jobs_need_their_number() -> None:
    source = ScriptedSource(*(a_job_view(i, user_id="ann") for i in range(1, 31)))
    source.agent_views = [an_agent("compute-1")]

    async def story(heard: Heard) -> None:
        await heard.hears("30 jobs: 30 queued; 1 of 1 agents up")
        heard.type("2")
        heard.type("@queued")
        await heard.hears(
            "and 22 more",
            "cancel 30 jobs? Type 30; anything else leaves it",
        )
        heard.type("yes")
        await heard.hears("nothing was done")

    play(story, source)
    assert source.cancelled == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (("2", "dock"), "'dock' names no jobs: give ids like 42, 40-60, b-31, @failed or last"),
        (("2", ""), "nothing to cancel"),
        (("2", "6"), "nothing to cancel: it has ended"),
        (("3", "7"), "nothing to hold: it does not wait, or is held"),
        (("2", "last"), "last is not known here; give ids"),
        (("6", "99"), "no such job"),
    ],
)
def test_what_is_no_job_to_act_on_is_told(typed: tuple[str, ...], says: str) -> None:
    async def story(heard: Heard) -> None:
        await heard.hears("4 jobs: 1 running, 2 queued, 1 failed; 1 of 1 agents up")
        for line in typed:
            heard.type(line)
        await heard.hears(says)

    play(story, a_source())


def test_changes_wait_until_the_question_is_answered() -> None:
    source = a_source()

    async def story(heard: Heard) -> None:
        await heard.hears("4 jobs: 1 running, 2 queued, 1 failed; 1 of 1 agents up")
        heard.type("2")
        question = "cancel which jobs? Ids like 42, 40-60, b-31 or @queued; empty for none"
        await heard.hears(question)
        source.happen(a_job_view(8, RUNNING, user_id="ann", name="energies"))
        source.agent_views = [an_agent("compute-1", state="late")]
        heard.type("")
        await heard.hears("job 8 running on compute-1: energies, user ann")
        place = heard.lines.index("job 8 running on compute-1: energies, user ann")
        assert place > heard.lines.index("nothing to cancel")

    play(story, source)


def test_a_log_is_read_out_until_enter() -> None:
    source = a_source()
    source.logs = {7: [LogText(stream="stdout", offset=0, text="step 1\nstep \x1b]0;x\x07two\n")]}

    async def story(heard: Heard) -> None:
        await heard.hears("4 jobs: 1 running, 2 queued, 1 failed; 1 of 1 agents up")
        heard.type("6")
        heard.type("7")
        await heard.hears("log of job 7; Enter ends it", "step 1", "step two")
        heard.type("")
        heard.type("1")
        await heard.hears("job 9 queued: dock, user bob")

    play(story, source)


def test_read_only_offers_nothing_that_changes() -> None:
    async def story(heard: Heard) -> None:
        await heard.hears("1 list, 6 log, 7 quit; then Enter")
        heard.type("2")
        await async_wait_until(lambda: heard.lines.count("1 list, 6 log, 7 quit; then Enter") == 2)

    play(story, a_source(), is_read_only=True)


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (a_job_view(1), "queued"),
        (a_job_view(1, held_at=NOON), "held"),
        (a_job_view(1, JobState.ASSIGNED), "on its way to compute-1"),
        (a_job_view(1, RUNNING), "running on compute-1"),
        (a_job_view(1, RUNNING, cancel_requested_at=NOON), "ending on compute-1"),
        (a_job_view(1, COMPLETED), "completed"),
        (a_job_view(1, JobState.FAILED, exit_code=3), "failed on compute-1, exit 3"),
        (a_job_view(1, JobState.TIMED_OUT), "timed out on compute-1"),
        (a_job_view(1, JobState.INVALID, agent=None, reason="no run.sh"), "invalid, no run.sh"),
        (a_job_view(1, JobState.LOST), "lost on compute-1"),
    ],
)
def test_a_job_is_said_in_words(job: object, said: str) -> None:
    assert phrase(job) == said  # type: ignore[arg-type]  # it is a job


@pytest.mark.journey
@pytest.mark.alone
def test_at_a_terminal_nothing_is_drawn_and_a_job_can_be_cancelled(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example")
        arguments = ("-m", "joborch", "top", "--plain", "--server", site.url)
        with on_a_terminal(*arguments, home=tmp_path) as terminal:
            terminal.wait_for("no jobs; 0 of 0 agents up")
            (job_id,) = site.submit("echo hello\n", name="dock")
            terminal.wait_for(f"job {job_id} queued: dock, user ann")
            terminal.type("2\n1\nyes\n")
            terminal.wait_for("cancelled 1 job")
            terminal.wait_for(f"job {job_id} cancelled")
            terminal.type("7\n")
            assert terminal.process.wait(20) == 0
        assert ENTERED not in terminal.seen
        assert "\x1b" not in terminal.seen
        assert site.job(job_id)["state"] == "cancelled"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -15)])
def test_in_a_pipe_it_tells_until_it_is_ended(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with a_pipe(tmp_path) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith(b"not connected, trying again: cannot reach http://127.0.0.1:1")
        process.send_signal(number)
        assert process.wait(20) == code
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


def test_it_ends_when_nobody_reads_any_more(tmp_path: Path) -> None:
    with a_pipe(tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 141


@contextmanager
def a_pipe(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """It, telling into a pipe."""
    process = subprocess.Popen(
        [sys.executable, "-m", "joborch", "top", "--plain", "--server", "http://127.0.0.1:1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LOGNAME": "ann"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
