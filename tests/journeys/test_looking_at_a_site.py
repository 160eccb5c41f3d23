"""quota, services, doctor, login and the rest, at a site of real processes."""

import json
import os

from tests.support.gate import Gate
from tests.support.site import Site
from tests.support.waiting import wait_until


def test_a_full_quota_is_seen_by_its_user_and_by_everybody(site: Site) -> None:
    site.agent()
    ids = site.submit("sleep 30\n", user="ann", array="1-7")
    wait_until(lambda: _quota_of_ann(site) == (4, 3), describe=lambda: _quota_of_ann(site))

    everybody = json.loads(site.joborch("quota", "--all-users", "--json").stdout)
    [service] = json.loads(site.joborch("services", "example", "--json").stdout)["items"]

    assert [(each["user_id"], each["active"]) for each in everybody["items"]] == [("ann", 4)]
    assert (service["active"], service["queued"], service["slots"]) == (4, 3, 4)
    assert site.joborch("services", "haddock").returncode == 3
    assert site.joborch("cancel", f"{ids[0]}-{ids[-1]}", "--yes").returncode == 0


def test_a_new_site_lacks_an_agent_and_then_nothing(site: Site) -> None:
    before = site.joborch("doctor", "--json")
    site.agent()
    after = site.joborch("doctor", "--json")

    assert before.returncode == 1
    assert _failed(before.stdout) == {"services", "agents"}
    assert (after.returncode, _failed(after.stdout)) == (0, set())


def test_the_version_names_the_server(site: Site) -> None:
    assert f" at {site.url} (api v1)" in site.joborch("--version").stdout


def test_one_user_and_service_can_be_watched_alone(site: Site) -> None:
    site.submit(user="ann")
    site.submit(user="bob")

    hers = site.joborch("top", "--once", "--user", "ann", "--service", "example").stdout
    none = site.joborch("top", "--once", "-s", "haddock").stdout

    assert "1 of 2 · user:ann service:example" in hers
    assert "0 of 2 · service:haddock" in none


def test_a_job_goes_through_a_gate_and_never_sees_the_token(site: Site) -> None:
    site.agent()
    with Gate(site.url, token="s3cret").open() as gate:
        there = ["--server", gate.url]
        stranger = site.joborch("submit", *there, "-s", "example", "--", "env")
        logged_in = site.joborch("login", *there, "--token-stdin", input="s3cret")
        done = site.joborch("submit", *there, "-s", "example", "-f", "--", "env")
        me = json.loads(site.joborch("whoami", *there, "--json").stdout)
        frame = site.joborch("top", "--once", *there)
        logged_out = site.joborch("logout", *there)

    assert (stranger.returncode, logged_in.returncode, logged_out.returncode) == (4, 0, 0)
    assert (done.returncode, frame.returncode) == (0, 0), done.stderr + frame.stderr
    assert "JOBORCH_JOB_ID=" in done.stdout
    assert "s3cret" not in done.stdout
    assert (me["token"], me["auth"]) == (True, "none")
    assert os.sep in me["token_from"]


def _quota_of_ann(site: Site) -> tuple[int, int]:
    [item] = json.loads(site.joborch("quota", "ann", "--json").stdout)["items"]
    return item["active"], item["queued"]


def _failed(report: str) -> set[str]:
    return {each["check"] for each in json.loads(report)["items"] if each["state"] == "failed"}
