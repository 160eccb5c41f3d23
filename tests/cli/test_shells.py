"""The scripts of `joborch completion`, in the shells that they are for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.typist import at

BIN = Path(sys.executable).parent
NEEDS_PROGRAM = pytest.mark.skipif(
    not (BIN / "joborch").exists(), reason="joborch is not installed beside this Python"
)
pytestmark = [NEEDS_PROGRAM, pytest.mark.journey, pytest.mark.timeout(120)]
TAB = "\t"


@pytest.fixture
def shell_env(env: dict[str, str]) -> dict[str, str]:
    """The usual environment, in which ``joborch`` is a program and nobody answers."""
    return env | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "JOBORCH_SERVER": "http://127.0.0.1:9",
        "LC_ALL": "C.UTF-8",
        "PS1": "ready> ",
        "ZDOTDIR": env["HOME"],
    }


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(shell), reason=f"{shell} is not installed")


@needs("bash")
@pytest.mark.parametrize(
    ("line", "words", "replies"),
    [
        ("joborch canc", ["joborch", "canc"], ["cancel"]),
        ("joborch status --state fai", ["joborch", "status", "--state", "fai"], ["failed"]),
        ("joborch status --state=fai", ["joborch", "status", "--state", "=", "fai"], ["failed"]),
        ("joborch cancel @fai", ["joborch", "cancel", "@", "fai"], ["@failed"]),
    ],
)
def test_the_function_of_bash_replies_with_what_bash_replaces(
    shell_env: dict[str, str], home: Path, line: str, words: list[str], replies: list[str]
) -> None:
    script = 'source <(joborch completion bash); line=$1; shift; COMP_WORDS=("$@")'
    script += "; COMP_CWORD=$(($# - 1)) COMP_LINE=$line COMP_POINT=${#line} COMP_TYPE=9"
    script += '; _joborch joborch; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", line, *words],
        capture_output=True,
        text=True,
        env=shell_env,
        cwd=home,
        timeout=60,
        check=True,
    )

    assert (done.stdout.splitlines(), done.stderr) == (replies, "")


@needs("bash")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("joborch canc", "joborch cancel "),
        ("joborch status --state=fai", "joborch status --state=failed "),
        ("joborch cancel @fai", "joborch cancel @failed "),
        ("joborch top --filter 'state:fai", "joborch top --filter 'state:failed"),
        ("joborch submit the-scr", "joborch submit the-script.sh "),
    ],
)
def test_tab_completes_in_a_bash_that_somebody_types_into(
    shell_env: dict[str, str], home: Path, typed: str, completed: str
) -> None:
    (home / "the-script.sh").touch()
    with at(["bash", "--norc", "--noprofile", "-i"], shell_env, home) as typist:
        typist.sees("ready> ")
        typist.types("source <(joborch completion bash); echo loa''ded\n")
        typist.sees("loaded")
        typist.types(typed + TAB)
        typist.sees(completed)


@needs("zsh")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("joborch canc", "cancel"),
        ("joborch status --state=fai", "--state=failed"),
        ("joborch cancel @fai", "@failed"),
        ("joborch submit the-scr", "the-script.sh"),
    ],
)
def test_tab_completes_in_a_zsh_that_somebody_types_into(
    shell_env: dict[str, str], home: Path, typed: str, completed: str
) -> None:
    (home / "the-script.sh").touch()
    script = "autoload -Uz compinit; compinit -u; source <(joborch completion zsh); PS1='ready> '\n"
    (Path(shell_env["HOME"]) / ".zshrc").write_text(script)
    with at(["zsh", "-i"], shell_env, home) as typist:
        typist.sees("ready> ")
        typist.types(typed + TAB)
        typist.sees(completed)


@needs("fish")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("joborch canc", "cancel\tEnd jobs."),
        ("joborch status --state fai", "failed"),
        ("joborch status --state=fai", "--state=failed"),
        ("joborch cancel @fai", "@failed"),
        ("joborch submit the-scr", "the-script.sh"),
    ],
)
def test_fish_knows_the_completions_and_what_they_mean(
    shell_env: dict[str, str], home: Path, typed: str, completed: str
) -> None:
    (home / "the-script.sh").touch()
    script = f'joborch completion fish | source; complete -C "{typed}"'
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        capture_output=True,
        text=True,
        env=shell_env,
        cwd=home,
        timeout=60,
        check=True,
    )

    assert (done.stdout.splitlines(), done.stderr) == ([completed], "")
