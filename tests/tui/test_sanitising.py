"""Whatever a server, a job or an agent writes: no terminal obeys it, and nothing breaks of it."""

import asyncio
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest

from joborch.domain.errors import JobNotFoundError
from joborch.domain.states import JobState
from joborch.tui.news import News
from joborch.tui.once import frame, load
from joborch.tui.picture import Link, LinkState
from joborch.tui.plain import Teller
from joborch.wire.agents import AgentList
from joborch.wire.events import EventPage, LogText
from joborch.wire.jobs import Explanation, FileList, FileView
from joborch.wire.services import ServiceList, UsageList, UsageView
from tests.support.stub_server import StubServer, refuses, says, sends, streams
from tests.support.views import a_job_view, a_page, an_event
from tests.tui.a_site import a_busy_source, a_service, an_agent
from tests.tui.scripted import ScriptedSource
from tests.tui.stage import a_look, on_stage
from tests.tui.test_frames import STORIES

HOSTILE = (
    "\x1b]0;pwned\x07"  # the title
    "\x1b]52;c;cHduZWQ=\x07"  # the clipboard
    "\x1b]8;;http://pwned.example\x1b\\"  # a link
    "\x1b[31;2J\x9b31m\x90pwned\x9c"  # colours, the screen; in eight bits, too
    "\u202e\u2066\u200b"  # read from right to left
    "[/red][bold]x[/][@click=app.quit]y[/]"  # markup of the framework
    "\r\b\x00\x7f\t"
)
SPELT = re.compile(r"(?:\\x1b\]0;|\\x1b\]8;;http://|\\x90)pwned")
"""As the line that repeats a job spells it for a shell: sign by sign, to be read and pasted."""
SPARED = {
    "state",
    "from_state",
    "to_state",
    "event",
    "kind",
    "stream",
    "sha256",
    "schema",
    "reason",
}
"""Words that stand for something; and ``reason`` where it is a code."""
NAMES = {"user_id", "service", "services", "agent", "id", "batch"}
"""What the stories of the frames look for, so that it stays as it is there."""


def poisoned(value: Any, spared: frozenset[str] = frozenset()) -> Any:
    """The same, with something hostile at the end of every text."""
    match value:
        case str():
            return value + HOSTILE
        case list():
            return [poisoned(each, spared) for each in value]
        case dict():
            return {key: poisoned(each, spared) for key, each in value.items()}
        case msgspec.Struct():
            kept = SPARED | spared
            fields = [name for name in value.__struct_fields__ if name not in kept]
            changes = {name: poisoned(getattr(value, name), spared) for name in fields}
            return msgspec.structs.replace(value, **changes)
    return value


def a_hostile_source(spared: frozenset[str] = frozenset()) -> ScriptedSource:
    source = a_busy_source()
    source.known = {job_id: poisoned(job, spared) for job_id, job in source.known.items()}
    for name in ("agent_views", "service_views", "usage_views"):
        setattr(source, name, poisoned(getattr(source, name), spared))
    for name in ("histories", "file_lists", "explanations"):
        found = getattr(source, name)
        setattr(source, name, {key: poisoned(each, spared) for key, each in found.items()})
    source.logs[1207].append(LogText(stream="stdout", offset=0, text=f"a line {HOSTILE}\n" * 3))
    return source


def is_harmless(text: str) -> None:
    """Nothing in it is obeyed, and what was to be obeyed is not to be read either."""
    found = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs"}} - {"\n"}
    assert not found, f"{found!r} in {text!r}"
    assert "pwned" not in SPELT.sub("", text)


@pytest.mark.parametrize("name", STORIES)
def test_no_screen_obeys_names_reasons_tags_or_files(name: str) -> None:
    async def story() -> str:
        source = a_hostile_source(frozenset(NAMES))
        async with on_stage(source, size=(200, 60)) as stage:
            await stage.sees("live")
            await STORIES[name](stage, source)
            await stage.settles()
            return stage.frame

    is_harmless(asyncio.run(story()))


@pytest.mark.parametrize("keys", ["1", "2", "3", "4", "5", "6", "enter", "l", "x", "e", "3 D"])
def test_no_screen_obeys_users_services_or_agents(keys: str) -> None:
    async def story() -> str:
        async with on_stage(a_hostile_source(), size=(200, 60)) as stage:
            await stage.sees("live", "of 18")
            await stage.press(*keys.split())
            await stage.settles()
            return stage.frame

    is_harmless(asyncio.run(story()))


def test_the_document_of_a_job_has_it_spelt_out() -> None:
    async def story() -> str:
        async with on_stage(a_hostile_source(), size=(200, 60)) as stage:
            await stage.sees("live", "of 18")
            await stage.press("J")
            await stage.sees("\\u001b]0;")
            return stage.frame

    is_harmless(asyncio.run(story()).replace("pwned", ""))


def test_why_there_is_no_connection_is_not_obeyed() -> None:
    async def played() -> str:
        source = a_busy_source()
        async with on_stage(source, size=(200, 60)) as stage:
            await stage.sees("live")
            stage.app.picture.link = Link(
                state=LinkState.OFFLINE, reason=f"refused {HOSTILE}", hint=f"try {HOSTILE}"
            )
            stage.app.spread(News())
            await stage.sees("refused")
            return stage.frame

    is_harmless(asyncio.run(played()))


def test_neither_plain_words_nor_a_frame_of_text_are_obeyed() -> None:
    async def story() -> list[str]:
        source, look, said = a_hostile_source(), a_look(), list[str]()
        picture = await load(source, look, (120, 40))
        shown = list(frame(picture, look, source.server, (200, 60)))
        teller = Teller(picture, look, said.append)
        teller.tell(News(is_all=True))
        picture.put(poisoned([a_job_view(i, JobState.FAILED) for i in range(1207, 1209)]))
        picture.agents = poisoned([an_agent("new")])
        teller.tell(News(is_all=True))
        picture.link = Link(state=LinkState.OFFLINE, reason=HOSTILE)
        teller.tell(News())
        return shown + said

    is_harmless("\n".join(asyncio.run(story())))


JOB = a_job_view(7, JobState.FAILED, tags={"run": "night"}, reason="exit 1")
WAITING = a_job_view(7)
API = "GET /api/v1"
COMMANDS: dict[str, tuple[str, ...]] = {
    "list": ("status", "-A"),
    "wide list": ("status", "-A", "--format", "wide"),
    "plain list": ("status", "-A", "--format", "plain"),
    "tsv": ("status", "-A", "--format", "tsv"),
    "detail": ("status", "7"),
    "why": ("explain", "7"),
    "agents": ("agents",),
    "refusal": ("status", "8"),
    "frame": ("top", "--once"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_prints_what_a_terminal_obeys(name: str, tmp_path: Path) -> None:
    with StubServer().running() as stub:
        tell_everything(stub)
        done = subprocess.run(
            [sys.executable, "-m", "joborch", *COMMANDS[name], "--server", stub.url],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LOGNAME": "ann"},
        )
    assert "has a bug" not in done.stderr
    assert done.stdout + done.stderr
    is_harmless((done.stdout + done.stderr).replace("\t", " "))


def tell_everything(stub: StubServer) -> None:
    """Answer whatever a command may ask, each text of it hostile."""
    explanation = Explanation(
        job_id=7,
        state="queued",
        reason="quota_user",
        message="quota",
        user_active=5,
        user_limit=5,
        service_active=6,
        service_limit=10,
        position=1,
        ahead=0,
        held_by=[1],
        agents=3,
        free_slots=7,
    )
    usage = UsageView(user_id="ann", service="example", active=5, queued=3, limit=5)
    files = FileList(items=[FileView(name="run.sh", size_bytes=1, kind="input")])
    log = LogText(stream="stdout", offset=0, text="a line")
    job = poisoned(JOB)
    answers = {
        "/jobs": says(poisoned(a_page(JOB, WAITING))),
        "/jobs/7": says(job),
        "/jobs/7/events": says(poisoned(EventPage(items=[an_event(7, JobState.RUNNING)]))),
        "/jobs/7/files": says(poisoned(files)),
        "/jobs/7/explain": says(poisoned(explanation)),
        "/jobs/7/logs": sends(f"a line {HOSTILE}\n".encode(), Content_Type="text/plain"),
        "/jobs/7/logs/stream": streams(("log", poisoned(log)), ("end", job)),
        "/jobs/8": refuses(JobNotFoundError(8)),
        "/agents": says(poisoned(AgentList(items=[an_agent("compute-1")]))),
        "/services": says(poisoned(ServiceList(items=[a_service("example")]))),
        "/usage": says(poisoned(UsageList(items=[usage]))),
    }
    for path, answer in answers.items():
        stub.on(f"{API}{path}", answer)
