"""The command line, speaking to a scripted server."""

import gc
import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from joborch.__main__ import main
from tests.support.command_line import Finished, Run
from tests.support.stub_server import StubServer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer().running() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory to be in, and a home of one's own."""
    (tmp_path / "home").mkdir()
    here = tmp_path / "here"
    here.mkdir()
    return here


@pytest.fixture
def env(stub: StubServer, home: Path) -> dict[str, str]:
    """An environment that knows the stub and nothing of the machine."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(home.parent / "home"),
        "LOGNAME": "1",
        "JOBORCH_SERVER": stub.url,
        "JOBORCH_SITE_CONFIG": str(home.parent / "site.toml"),
        "TZ": "UTC",
        "TERM": "xterm",
        "COLUMNS": "100",
    }


@pytest.fixture
def joborch(
    env: dict[str, str],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run ``joborch`` here, as if all its streams were pipes."""

    def run(*arguments: str, stdin: str = "", typed: str = "", **variables: str) -> Finished:
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", env | variables)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            patch.chdir(home)
            code = main(list(arguments))
        gc.enable()  # commands are short and go without
        done = capsys.readouterr()
        return Finished(code=code, out=done.out, err=done.err)

    return run


@pytest.fixture
def process(env: dict[str, str], home: Path) -> Run:
    """Run ``joborch`` as a process of its own, with both streams piped."""

    def run(*arguments: str, stdin: str = "", typed: str = "", **variables: str) -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "joborch", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=home,
            env=env | variables,
            timeout=30,
            check=False,
        )
        return Finished(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


@pytest.fixture
def at_terminal(env: dict[str, str], home: Path) -> Run:
    """Run ``joborch`` on a pseudo-terminal; ``out`` has both streams, as a person sees them."""

    def run(*arguments: str, stdin: str = "", typed: str = "", **variables: str) -> Finished:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "joborch", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=home,
            env=env | variables,
            start_new_session=True,
        )
        os.close(slave)
        if typed:
            os.write(master, typed.encode())
        seen = _read_all(master)
        os.close(master)
        return Finished(code=process.wait(30), out=seen.replace("\r\n", "\n"), err="")

    return run


def _read_all(master: int) -> str:
    seen = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:  # the other side has closed
            return seen.decode()
        if not data:
            return seen.decode()
        seen += data
