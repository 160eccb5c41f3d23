"""A dashboard whose terminal has gone ends, rather than to read its end for ever."""

from pathlib import Path

from tests.support.site import JOBORCH, a_site
from tests.support.typist import at
from tests.support.waiting import wait_until


def test_it_ends_with_its_terminal(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example")
        env = site.environment({"JOBORCH_SERVER": site.url, "TERM": "xterm-256color"})
        with at([*JOBORCH, "top"], env, tmp_path) as typist:
            typist.sees("joborch top")
            typist.hangs_up()
            assert wait_until(typist.process.poll, timeout=20) == 129


def test_it_ends_with_its_terminal_also_while_that_is_a_shell_s(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example")
        shell = {"SHELL": "/bin/sh", "JOBORCH_SERVER": site.url, "TERM": "xterm-256color"}
        with at([*JOBORCH, "top"], site.environment(shell), tmp_path) as typist:
            typist.sees("live")
            typist.types("!")
            typist.sees("joborch top waits")
            typist.hangs_up()
            assert wait_until(typist.process.poll, timeout=20) == 129
