"""The lines of docs/recipes.md, run as they stand there."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.site import Site, a_site
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PAGE = (ROOT / "docs" / "recipes.md").read_text()
RECIPES = dict(re.findall(r"^## ([^\n]+)\n\n```sh\n(.+?)```", PAGE, re.MULTILINE | re.DOTALL))
needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        not (BIN / "joborch").exists(), reason="joborch is not installed beside this Python"
    ),
]

Cook = Callable[[str], str]


@pytest.fixture
def kitchen(site: Site, tmp_path: Path) -> Path:
    """A directory with a script, at a site with an agent."""
    site.agent()
    place = tmp_path / "kitchen"
    place.mkdir()
    (place / "run.sh").write_text("#!/bin/sh\nls *.pdb > found.txt 2>/dev/null; echo $PDB\n")
    return place


@pytest.fixture
def cook(site: Site, kitchen: Path) -> Cook:
    """Follow a recipe to its end, as ann; returns what it printed."""

    def follow(name: str) -> str:
        done = subprocess.run(
            ["bash", "-c", RECIPES[name]],
            cwd=kitchen,
            env=environment(site),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done
        return done.stdout

    return follow


def environment(site: Site) -> dict[str, str]:
    known = {"JOBORCH_SERVER": site.url, "JOBORCH_USER_ID": "ann"}
    return site.environment(known | {"PATH": f"{BIN}:{os.environ['PATH']}"})


def test_a_job_for_each_file_and_all_results(cook: Cook, kitchen: Path) -> None:
    (kitchen / "in").mkdir()
    for name in ("2oob", "1a2k"):
        (kitchen / "in" / f"{name}.pdb").touch()

    cook("A job for each file, and all results")

    found = {path.read_text() for path in (kitchen / "out").glob("*/found.txt")}
    assert found == {"2oob.pdb\n", "1a2k.pdb\n"}


def test_a_thousand_jobs_that_can_be_interrupted(cook: Cook, kitchen: Path, site: Site) -> None:
    (example,) = re.findall(r"`(\{.+?\}\})`|`(\{.+?70\})`", PAGE)
    lines = ["".join(example), '{"key": "1a2k", "name": "dock-1a2k"}']
    (kitchen / "jobs.ndjson").write_text(lines[0] + "\n")
    (first,) = cook("A thousand jobs that can be interrupted").split()
    (kitchen / "jobs.ndjson").write_text("\n".join(lines))

    cook("A thousand jobs that can be interrupted")

    everything = site.get("/api/v1/jobs").json()["items"]
    assert sorted(job["name"] for job in everything) == ["dock-1a2k", "dock-2oob"]
    assert site.job(int(first))["priority"] == 70


def test_the_same_job_once_a_day(cook: Cook) -> None:
    recipe = "The same job once a day, however often cron tries"

    assert cook(recipe) == cook(recipe)


def test_submit_wait_and_go_on(cook: Cook, kitchen: Path) -> None:
    cook("Submit, wait, and go on with the result")

    assert (kitchen / "result").is_dir()


def test_when_all_of_them_are_done_one_more(cook: Cook, kitchen: Path, site: Site) -> None:
    (kitchen / "in").mkdir()
    for name in ("2oob", "1a2k"):
        (kitchen / "in" / f"{name}.pdb").touch()
    (kitchen / "summary.sh").write_text("#!/bin/sh\necho all of them\n")

    last = int(cook("When all of them are done, one more"))

    assert site.wait(last)["state"] == "completed"
    ended = [site.job(job_id)["finished_at"] for job_id in range(1, last)]
    assert len(ended) == 2
    assert max(ended) <= site.job(last)["assigned_at"]


@needs_jq
def test_once_more_what_failed(cook: Cook, site: Site) -> None:
    (failed,) = site.submit("exit 3\n")
    (completed,) = site.submit()
    site.wait(failed)
    site.wait(completed)

    cook("Once more what failed")

    newest = site.get("/api/v1/jobs").json()
    assert (newest["total"], newest["items"][0]["id"]) == (3, completed + 1)


def test_nothing_more_of_mine_today(cook: Cook, site: Site) -> None:
    (mine,) = site.submit(begin="2099-01-01T00:00:00Z")
    (others,) = site.submit(begin="2099-01-01T00:00:00Z", user="bob")

    cook("Nothing more of mine today")

    assert site.job(mine)["held_at"]
    assert not site.job(others)["held_at"]


@needs_jq
def test_hear_of_each_failure(site: Site, kitchen: Path) -> None:
    heard = kitchen / "heard"
    with heard.open("wb") as output:
        listening = subprocess.Popen(
            ["bash", "-c", RECIPES["Hear of each failure"]],
            cwd=kitchen,
            env=environment(site),
            stdout=output,
            start_new_session=True,
        )
    try:
        failed: list[int] = []

        def is_heard() -> bool:
            failed.extend(site.submit("exit 3\n"))  # until it listens, nothing is heard
            site.wait(failed[-1])
            return bool(heard.read_text())

        wait_until(is_heard, timeout=60)
    finally:
        os.killpg(listening.pid, signal.SIGTERM)
        listening.wait(30)

    event = json.loads(heard.read_text().splitlines()[0])
    assert event["job_id"] in failed
    assert {"attempt", "at", "actor", "detail"} <= set(event)


def test_wait_for_the_server(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.port = a_free_port()
        env = environment(site)
        waiting = subprocess.Popen(["bash", "-c", RECIPES["Wait for the server"]], env=env)
        try:
            site.serve("--service", "example")
            site.agent()
            assert waiting.wait(60) == 0
        finally:
            waiting.kill()
            waiting.wait()


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_every_recipe_has_its_test() -> None:
    tests = Path(__file__).read_text()

    assert [name for name in RECIPES if f'"{name}"' not in tests] == []
    assert len(RECIPES) == PAGE.count("```sh")
