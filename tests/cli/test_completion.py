"""TAB: what is offered for what was typed, with a server, without one, and with a slow one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from joborch.cli.commands import COMMANDS
from joborch.cli.completing.answer import known_shape
from joborch.cli.completing.typed import Typed, read_line
from joborch.cli.main import load, root
from tests.cli import option_table
from tests.support.command_line import Run
from tests.support.site import Site, a_site
from tests.support.stub_server import StubServer, says
from tests.support.waiting import wait_until

Tab = Callable[..., list[str]]
BREAKS = " \t\n\"'@><=;|&(:"
"""What bash's own COMP_WORDBREAKS is."""
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with two services, an agent, two jobs of ann that wait, and one of bob's."""
    with a_site(tmp_path_factory.mktemp("site")) as running:
        running.serve("--service", "example", "--service", "dock")
        running.agent("compute-1", service="other")
        running.submit(user="ann", service="dock", name="sweep", array="1-2", tag="run=night")
        running.submit(user="bob", name="single")
        yield running


@pytest.fixture
def tab(joborch: Run) -> Tab:
    """Press TAB in bash, at the end of a line; fails if anything else is said."""

    def press(line: str, breaks: str = BREAKS, listing: str = "9", **variables: str) -> list[str]:
        variables = {"JOBORCH_SERVER": NOWHERE} | variables
        done = joborch("__complete", "bash", line, str(len(line)), breaks, listing, **variables)
        assert (done.code, done.err) == (0, "")
        return done.out.splitlines()

    return press


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("joborch statu", ["status"]),
        ("joborch -q --server http://x:1 canc", ["cancel"]),
        ("joborch --serv", ["--server"]),
        ("joborch status --all", ["--all-users"]),
        ("joborch status --state time", ["timed_out"]),
        ("joborch status --state=fail", ["failed"]),
        ("joborch status --state failed,timed", ["failed,timed_out"]),
        ("joborch cancel --only ru", ["running"]),
        ("joborch cancel @canc", ["@cancelled"]),
        ("joborch cancel --yes la", ["last"]),
        ("joborch agents d", ["drain"]),
        ("joborch services p", ["pause"]),
        ("joborch quota set ann example r", ["running=", ":nospace"]),
        ("joborch config use", ["use"]),
        ("joborch status -N 5 --format nd", ["ndjson"]),
        ("joborch submit --color=al", ["always"]),
        ("joborch top --filter 'state:fa", ["state:failed", ":nospace"]),
        ("joborch top --filter 'user:me ag", ["user:me agent:", "user:me age<", ":nospace"]),
        ("joborch completion z", ["zsh"]),
        ("joborch compat s", ["slurm"]),
        ("joborch submit --env HOM", ["HOME"]),
        ("joborch submit ", [":files"]),
        ("joborch submit -s example -- ./pro", [":files"]),
        ("joborch serve --data ", [":directories"]),
        ("joborch serve --service ", []),
        ("joborch nonsense ", []),
    ],
)
def test_what_needs_no_server_is_completed_without_one(
    tab: Tab, line: str, offered: list[str]
) -> None:
    assert tab(line) == offered


def test_every_command_is_offered_and_completes_its_own_options(tab: Tab) -> None:
    commands = tab("joborch ")

    assert {"submit", "status", "top", "demo", "completion"} <= set(commands)
    assert not [command for command in commands if "--help" not in tab(f"joborch {command} --")]


def test_jobs_and_batches_come_newest_first_with_name_and_state(joborch: Run, site: Site) -> None:
    def offered() -> list[str]:
        done = joborch("__complete", "zsh", "status", "", JOBORCH_SERVER=site.url)
        return done.out.splitlines()

    lines = wait_until(lambda: offered() if "3\tsingle queued" in offered() else None)

    assert lines[:4] == [
        "3\tsingle queued",
        "b-1\tsweep, a batch",
        "2\tsweep queued",
        "1\tsweep queued",
    ]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("joborch cancel b", ["b-1"]),
        ("joborch cancel 1,3", ["1,3"]),
        ("joborch submit -s d", ["dock"]),
        ("joborch submit --service=exa", ["example"]),
        ("joborch status --user b", ["bob"]),
        ("joborch status --agent c", ["compute-1"]),
        ("joborch agents drain c", ["compute-1"]),
        ("joborch status --tag ru", ["run=night"]),
        ("joborch top --filter 'user:an", ["user:ann", ":nospace"]),
    ],
)
def test_what_the_server_knows_is_completed(
    tab: Tab, site: Site, line: str, offered: list[str]
) -> None:
    wait_until(
        lambda: tab(line, JOBORCH_SERVER=site.url) == offered,
        describe=lambda: tab(line, JOBORCH_SERVER=site.url),
    )


def test_the_server_of_the_line_is_the_one_that_is_asked(tab: Tab, site: Site) -> None:
    wait_until(lambda: tab(f"joborch -S {site.url} submit -s d") == ["dock"])


def test_commands_are_offered_only_jobs_that_they_can_act_on(tab: Tab, stub: StubServer) -> None:
    stub.on("GET /api/v1/jobs", says({"items": [], "total": 0}))

    wait_until(lambda: tab("joborch retry 4", JOBORCH_SERVER=stub.url) == [] and stub.heard)

    assert stub.heard[0].query["state"] == "done"


def test_a_word_about_each_is_shown_only_when_bash_lists_them(tab: Tab) -> None:
    line = "joborch agent"

    assert tab(line) == ["agents", "agent"]
    assert tab(line, listing="63") == [
        "agents  (Show agents, drain, resume and remove them.)",
        "agent  (Run jobs on this host.)",
    ]


def test_profiles_are_those_of_the_configuration(tab: Tab, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[profile.prod]\nserver = 'http://a:1'\n[profile.dev]\nuser = 'x'\n")

    assert tab("joborch -P p", JOBORCH_CONFIG=str(config)) == ["prod"]


def test_a_command_of_ones_own_is_offered_and_completed_as_what_it_stands_for(
    tab: Tab, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[alias]\nmine = 'status --state'\n")

    assert tab("joborch min", JOBORCH_CONFIG=str(config)) == ["mine"]
    assert tab("joborch mine fai", JOBORCH_CONFIG=str(config)) == ["failed"]


def test_what_was_answered_is_remembered_for_a_minute(
    tab: Tab, stub: StubServer, tmp_path: Path
) -> None:
    stub.on("GET /api/v1/services", says({"items": [{"name": "dock"}]}))
    variables = {"JOBORCH_SERVER": stub.url, "XDG_CACHE_HOME": str(tmp_path)}
    wait_until(lambda: tab("joborch submit -s d", **variables) == ["dock"])
    asked = len(stub.heard)

    assert tab("joborch submit -s d", **variables) == ["dock"]
    assert len(stub.heard) == asked

    an_hour_ago = time.time() - 3600
    for path in (tmp_path / "joborch").iterdir():
        os.utime(path, (an_hour_ago, an_hour_ago))
    tab("joborch submit -s d", **variables)
    assert len(stub.heard) > asked


def test_a_token_goes_to_its_server(tab: Tab, stub: StubServer) -> None:
    stub.on("GET /api/v1/services", says({"items": []}))

    wait_until(
        lambda: (
            tab("joborch submit -s d", JOBORCH_SERVER=stub.url, JOBORCH_TOKEN="secret") == []
            and stub.heard
        )
    )

    assert stub.heard[0].headers["authorization"] == "Bearer secret"


def test_a_server_that_says_nothing_is_not_waited_for(tab: Tab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        began = time.monotonic()
        offered = tab(
            "joborch cancel l", JOBORCH_SERVER=f"http://127.0.0.1:{deaf.getsockname()[1]}"
        )
        took_s = time.monotonic() - began

    assert offered == ["last"]
    assert took_s < 5, "a third of a second, and what a busy machine needs"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bash"],
        ["bash", "joborch status ", "not a number", "", ""],
        ["tcsh", "status", "--nonsense=", "--state="],
        ["zsh", "--config", "/nonexistent", "submit", "-s", ""],
        ["zsh", "-S", "ftp://nowhere", "submit", "-s", ""],
        ["fish", "status", "\udcff\n"],
    ],
)
def test_nothing_makes_it_complain(joborch: Run, arguments: list[str]) -> None:
    done = joborch("__complete", *arguments)

    assert (done.code, done.err) == (0, "")


def test_a_cache_that_cannot_be_written_is_as_good_as_none(tab: Tab) -> None:
    assert tab("joborch statu", XDG_CACHE_HOME="/proc/nowhere") == ["status"]


def test_a_cache_full_of_nonsense_is_no_trouble(tab: Tab, stub: StubServer, tmp_path: Path) -> None:
    stub.on("GET /api/v1/services", says({"items": [{"name": "dock"}]}))
    variables = {"JOBORCH_SERVER": stub.url, "XDG_CACHE_HOME": str(tmp_path)}
    wait_until(lambda: tab("joborch submit -s d", **variables) == ["dock"])
    for path in (tmp_path / "joborch").iterdir():
        path.write_text("{nonsense")

    wait_until(lambda: tab("joborch submit -s d", **variables) == ["dock"])


@pytest.mark.parametrize(
    ("line", "words", "incomplete", "is_quoted"),
    [
        ("joborch ", (), "", False),
        ("joborch a b", ("a",), "b", False),
        ("joborch 'a b' c", ("a b",), "c", False),
        ("joborch 'a b", (), "a b", True),
        ('joborch "a\\" b', (), 'a" b', True),
        ("joborch a\\ b c", ("a b",), "c", False),
        ("joborch '' x", ("",), "x", False),
    ],
)
def test_a_line_is_taken_apart_as_a_shell_would(
    line: str, words: tuple[str, ...], incomplete: str, is_quoted: bool
) -> None:
    assert read_line(line) == Typed(words, incomplete, is_quoted=is_quoted)


def test_the_table_of_options_is_what_the_commands_say() -> None:
    assert option_table.PAGE.read_text() == option_table.page(), "run scripts/reference"


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_what_is_completed_is_what_the_command_takes(name: str) -> None:
    command = load(name, COMMANDS[name]) if name else root()

    assert set(known_shape(name).options) == set(option_table.options_of(command))


PROBE = """
import sys
from joborch.__main__ import main
main(["__complete", "zsh", *sys.argv[1:]])
heavy = {"asyncio", "hashlib", "http", "httpx", "inspect", "json", "msgspec", "pathlib", "typer"}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def loaded_at(env: dict[str, str], *words: str) -> tuple[str, str]:
    """What is offered in a new process, and what it has loaded of what takes long to load."""
    command = [sys.executable, "-c", PROBE, *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["cancel", "--only", "fai"], "failed\n"),
        (["status", "--exi"], "--exit-code\t0 completed, 8 not ended, 10 to 13 ended badly.\n"),
    ],
)
def test_a_tab_loads_neither_the_command_nor_http(
    env: dict[str, str], words: list[str], offered: str
) -> None:
    assert loaded_at(env, *words) == (offered, "[]\n")


def test_a_tab_that_asks_a_server_loads_no_sdk(env: dict[str, str], stub: StubServer) -> None:
    stub.on("GET /api/v1/services", says({"items": []}))

    _, loaded = loaded_at(env, "submit", "-s", "d")

    assert "'http'" in loaded
    assert [name for name in ("asyncio", "httpx", "msgspec", "typer") if name in loaded] == []


def test_an_unknown_shell_is_a_mistake(joborch: Run) -> None:
    done = joborch("completion", "tcsh")

    assert done.code == 2
    assert "bash, zsh or fish" in done.err
