"""The dashboard in a browser: who gets in, what a session is, and that a browser shows it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx
import psutil
import pytest

from joborch.tui.web import WebWish, command, environment
from joborch.tui.web_gate import Gate, is_loopback
from joborch.tui.web_server import MOST_SESSIONS
from tests.support.site import a_site
from tests.support.waiting import async_wait_until, wait_until
from tests.tui.browser import PROGRAM, a_tab

pytestmark = pytest.mark.timeout(120)
NOWHERE = "http://127.0.0.1:1"
LINK = re.compile(r"^(?:open|another browser): (http://\S+)/\?token=(\S+)$", re.MULTILINE)
NASTY = "dock; touch pwned $(touch pwned) `touch pwned` && 'touch pwned'"


@dataclass(slots=True)
class Served:
    """``joborch top --web``, at work."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def links(self) -> list[tuple[str, str]]:
        """Addresses and tokens, in the order in which they were told."""
        return LINK.findall(self.said)

    @property
    def url(self) -> str:
        return self.links[0][0]

    @property
    def newest_link(self) -> str:
        return "{}/?token={}".format(*self.links[-1])

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def enter(self) -> dict[str, str]:
        """Use the newest link, and return the cookie for it."""
        known = len(self.links)
        answer = httpx.get(self.newest_link)
        assert answer.status_code == 303
        wait_until(lambda: len(self.links) > known, describe=lambda: self.said)
        return dict(answer.cookies)


@contextmanager
def served(home: Path, *options: str, server: str = NOWHERE) -> Iterator[Served]:
    log = home / "top.log"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LOGNAME": "ann",
        "JOBORCH_SERVER": server,
        "AWS_SECRET_ACCESS_KEY": "hidden",
        "SSH_AUTH_SOCK": "/tmp/agent",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "joborch", "top", "--web", *options],
            stdout=output,
            stderr=output,
            env=env,
            cwd=home,
        )
    top = Served(process, log)
    try:
        wait_until(lambda: top.links, timeout=40, describe=lambda: top.said)
        yield top
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests that leave it as it was."""
    with served(tmp_path_factory.mktemp("web")) as running:
        yield running


def test_a_link_opens_the_page_and_is_gone_from_the_address(top: Served) -> None:
    entered = httpx.get(top.newest_link)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = httpx.get(top.url, cookies=dict(entered.cookies))
    assert page.status_code == 200
    assert "joborch top" in page.text


def test_a_link_works_once_and_then_there_is_another(top: Served) -> None:
    first = top.newest_link
    top.enter()
    again = httpx.get(first)
    assert again.status_code == 403
    assert "used before" in again.text
    assert top.newest_link != first
    top.enter()


def test_a_link_that_was_only_looked_at_is_not_used_up(top: Served) -> None:
    assert httpx.head(top.newest_link).status_code == 403
    top.enter()


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/download/x", "/nothing"])
@pytest.mark.parametrize("cookie", [None, "", "guessed"])
def test_without_its_cookie_nothing_is_shown(top: Served, path: str, cookie: str | None) -> None:
    name = f"joborch_top_{top.url.rpartition(':')[2]}"
    cookies = {} if cookie is None else {name: cookie}
    headers = {"Origin": top.url}
    assert httpx.get(top.url + path, cookies=cookies, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "origin",
    [None, "null", "http://evil.example", "http://127.0.0.1:1", "http://127.0.0.1", "file://"],
)
def test_another_page_cannot_use_the_cookie(top: Served, origin: str | None) -> None:
    answer = httpx.get(
        f"{top.url}/ws", cookies=top.enter(), headers={"Origin": origin} if origin else {}
    )
    assert answer.status_code == 403
    assert "Another page" in answer.text


def test_a_name_that_only_resolves_to_this_machine_is_refused(top: Served) -> None:
    answer = httpx.get(top.newest_link, headers={"Host": "rebound.example:80"})
    assert answer.status_code == 403
    assert "by that name" in answer.text
    top.enter()  # and the link was not used up


def test_the_browser_is_told_to_ask_nobody_else(top: Served) -> None:
    page = httpx.get(top.url, cookies=top.enter())
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "//fonts" not in page.text


def test_a_page_has_a_process_that_may_only_look_and_knows_little_of_ours(top: Served) -> None:
    async def story() -> None:
        async with a_page(top) as page:
            process = await the_process(top)
            await drawn(page, "OFFLINE", "read-only")
            arguments = process.cmdline()
            known = process.environ()
        assert "--read-only" in arguments
        assert "hidden" not in known.values()
        assert known.keys() - {"LC_CTYPE"} == {
            *("PATH", "HOME", "LANG", "TERM", "COLUMNS", "ROWS"),
            *("JOBORCH_SERVER", "JOBORCH_USER_ID", "JOBORCH_TIMEOUT"),
            *("TEXTUAL_DRIVER", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_FPS"),
        }
        assert known["JOBORCH_USER_ID"] == "ann"
        await async_wait_until(lambda: not process.is_running(), timeout=20)

    asyncio.run(story())


def test_what_is_no_message_ends_its_own_session_only(top: Served) -> None:
    async def story() -> None:
        async with a_page(top) as good, a_page(top) as bad:
            await drawn(bad, "OFFLINE")
            await bad.send_str('["resize", {"width": "wide"}]')
            await ended(bad)
            await drawn(good, "OFFLINE")

    asyncio.run(story())


def test_there_is_no_shell_behind_a_page(top: Served) -> None:
    async def story() -> None:
        async with a_page(top) as page:
            await drawn(page, "OFFLINE")
            await page.send_str('["stdin", "!"]')
            await drawn(page, "it would be a shell")

    asyncio.run(story())


def test_a_ninth_session_is_refused_until_one_ends(top: Served) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack:
            pages = [await stack.enter_async_context(a_page(top)) for _ in range(MOST_SESSIONS)]
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await stack.enter_async_context(a_page(top))
            answer = await asyncio.to_thread(lambda: httpx.get(top.url, cookies=top.enter()))
            assert answer.status_code == 503
            assert "8 sessions are open" in answer.text
            await drawn(pages[0], "joborch top")
            await pages[0].close()
            await async_wait_until(lambda: len(top.children) < MOST_SESSIONS, timeout=20)
            async with a_page(top) as page:
                await drawn(page, "joborch top")

    asyncio.run(story())
    wait_until(lambda: not top.children, timeout=20, describe=lambda: top.children)


def test_ctrl_c_ends_the_sessions_too(tmp_path: Path) -> None:
    async def story(top: Served) -> psutil.Process:
        async with a_page(top) as page:
            await drawn(page, "OFFLINE")
            process = await the_process(top)
            top.process.send_signal(signal.SIGINT)
            await ended(page)
        return process

    with served(tmp_path) as top:
        process = asyncio.run(story(top))
        assert top.process.wait(20) == 0
        assert not process.is_running()
        assert "Traceback" not in top.said


def test_a_killed_server_leaves_no_session_behind(tmp_path: Path) -> None:
    async def story(top: Served) -> psutil.Process:
        async with a_page(top) as page:
            await drawn(page, "OFFLINE")
            process = await the_process(top)
            top.process.kill()
        return process

    with served(tmp_path) as top:
        process = asyncio.run(story(top))
        wait_until(lambda: not process.is_running(), timeout=20)


def test_what_was_typed_is_never_read_by_a_shell(tmp_path: Path) -> None:
    async def story(top: Served) -> list[str]:
        async with a_page(top) as page:
            await drawn(page, "OFFLINE")
            return (await the_process(top)).cmdline()

    with served(tmp_path, "--filter", NASTY, "--theme", "nord", "--web-write") as top:
        arguments = asyncio.run(story(top))
    assert f"--filter={NASTY}" in arguments
    assert "--theme=nord" in arguments
    assert "--read-only" not in arguments
    assert not (tmp_path / "pwned").exists()


def test_without_its_extra_it_says_what_to_install(tmp_path: Path) -> None:
    without = "import sys; sys.modules['aiohttp'] = None; from joborch.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", without, "top", "--web"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )
    assert done.returncode == 2
    assert "pip install 'joborch[web]'" in done.stderr


def test_listening_for_others_is_warned_of(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "joborch",
            "top",
            "--web",
            "--web-host",
            "192.0.2.1",
            "--web-port",
            "8080",
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "warning: whoever reaches 192.0.2.1" in done.stderr
    assert "cannot listen at 192.0.2.1" in done.stderr


@pytest.mark.parametrize(
    ("listens", "host", "is_ours"),
    [
        ("127.0.0.1", "127.0.0.1:5001", True),
        ("127.0.0.1", "localhost:8080", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("::1", "[::1]:5001", True),
        ("127.0.0.1", "localhost.evil.example:5001", False),
        ("127.0.0.1", "evil.example", False),
        ("10.0.0.7", "10.0.0.7:80", True),
        ("10.0.0.7", "localhost:80", False),
        ("::", "head-node:5001", True),
    ],
)
def test_the_names_that_the_page_answers_to(listens: str, host: str, is_ours: bool) -> None:
    assert Gate(listens).is_ours(host) is is_ours


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("::", "10.0.0.7", "head-node", "")],
)
def test_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_session_is_given_what_was_found_out_and_nothing_else() -> None:
    wish = WebWish(host="", port=0, may_write=False, settings={"JOBORCH_SERVER": "http://s:1"})
    given = environment(wish, {"PATH": "/bin", "JOBORCH_SERVER": "http://other", "TOKEN": "x"})
    assert given == {"PATH": "/bin", "TERM": "xterm-256color", "JOBORCH_SERVER": "http://s:1"}
    assert command(wish)[-1] == "--read-only"


@pytest.mark.journey
@pytest.mark.alone
@pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium here")
def test_a_browser_shows_the_jobs_and_asks_nobody_else_for_anything(tmp_path: Path) -> None:
    async def story(top: Served) -> None:
        async with a_tab(tmp_path / "profile") as tab:
            await tab.open(top.newest_link)
            await tab.sees("live", "dock", "read-only")
            assert await tab.value("location.href") == f"{top.url}/"
            await tab.value("document.querySelector('.xterm-helper-textarea').focus()")
            await tab.type("o")
            await tab.sees("not from a browser")
            await tab.type("4")
            await tab.sees("TIME LIMIT")
            await tab.screenshot(tmp_path / "top.png")
            await tab.type("q")
            await async_wait_until(lambda: not top.children, timeout=20)
            assert "-closed" in await tab.value("document.body.className")
        assert {httpx.URL(each).host for each in tab.asked} == {"127.0.0.1"}
        assert tab.complaints == []

    with a_site(tmp_path) as site:
        site.serve("--service", "example")
        site.submit("echo hello\n", name="dock")
        with served(tmp_path, server=site.url) as top:
            asyncio.run(story(top))
    assert (tmp_path / "top.png").stat().st_size > 10_000


@asynccontextmanager
async def a_page(top: Served) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A page's connection, as a browser of its own would make it."""
    cookies = await asyncio.to_thread(top.enter)
    shown = "; ".join(f"{name}={value}" for name, value in cookies.items())
    async with (
        aiohttp.ClientSession(headers={"Origin": top.url, "Cookie": shown}) as browser,
        browser.ws_connect(f"{top.url}/ws?width=100&height=30") as socket,
    ):
        yield socket


async def drawn(page: aiohttp.ClientWebSocketResponse, *words: str) -> None:
    """Wait until all of these have been drawn."""
    seen = ""
    async with asyncio.timeout(40):
        while not all(word in seen for word in words):
            seen += (await page.receive_bytes()).decode(errors="replace")


async def ended(page: aiohttp.ClientWebSocketResponse) -> None:
    """Wait until the server has closed the page."""
    async with asyncio.timeout(40):
        async for _ in page:
            pass


async def the_process(top: Served) -> psutil.Process:
    """The process behind the only page there is."""
    children = await async_wait_until(lambda: top.children, timeout=20)
    assert len(children) == 1
    return children[0]
