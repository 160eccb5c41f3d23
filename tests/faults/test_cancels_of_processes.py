"""Cancels at random moments of real jobs, through both APIs: nothing lives on, nothing is untrue.

The jobs do all that makes ending them hard: they ignore SIGTERM, and leave children in sessions of
their own that ignore it too.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

import httpx
import pytest

from joborch.domain.quotas import Limits
from joborch.domain.states import TERMINAL
from tests.faults import invariants
from tests.faults.sizes import a_seed, size
from tests.support.site import Site, a_site
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(size(90, nightly=1200))]

JOBS = size(24, nightly=1500)
SEED = a_seed()
AT_ONCE = 6
QUOTA = Limits(per_user=2, total=4)
LATEST_S = 0.4
"""Jobs last half as long at most, and wait a while before."""
STUBBORN = """
trap '' TERM
setsid sh -c 'trap "" TERM; exec sleep 600' &
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One job that somebody cancelled, or tried to."""

    job_id: int
    seen: str
    """The state of the job right after the answer."""
    answer: httpx.Response

    @property
    def is_refused(self) -> bool:
        return self.answer.status_code in {409, 500}


def test_jobs_cancelled_at_random_moments_end_once_and_wholly(tmp_path: Path) -> None:
    with a_site(tmp_path, is_warm=False) as site:
        options = f"example:per_user={QUOTA.per_user},max={QUOTA.total}"
        site.serve("--service", options)
        site.agent("compute-1", "--grace", "0.2s", service="example:8")
        with ThreadPoolExecutor(AT_ONCE) as users:
            cases = [*users.map(lambda number: submit_and_cancel(site, number), range(JOBS))]
        wrong = [line for case in cases for line in untruths(site, case)]
        wrong += invariants.leaves_no_process(site.home)
    wrong += violations(site)
    assert wrong == [], f"seed {SEED}"
    assert {case.is_refused for case in cases} == {True, False}, "the moments are badly chosen"


def submit_and_cancel(site: Site, number: int) -> Case:
    """Submit a job and cancel it, once or twice, at a moment that nobody can foresee."""
    dice = random.Random(SEED + number)  # noqa: S311 - to be repeated, not to be secret
    nap = dice.choice([600, *(dice.uniform(0, LATEST_S / 2) for _ in range(3))])
    mark = site.home / f"ended-{number}"
    script = f"{STUBBORN}sleep {nap:.3f}; echo end > {mark}"
    (job_id,) = site.submit(script, user=f"user-{number % AT_ONCE}", name=str(number))
    for _ in range(dice.choice([1, 1, 2])):
        time.sleep(dice.uniform(0, LATEST_S))  # the moment is what is tried here
        way = dice.choice([f"/api/v1/jobs/{job_id}/cancel", f"/terminate/{job_id}"])
        answer = site.post(way)
    return Case(job_id=job_id, seen=site.job(job_id)["state"], answer=answer)


def untruths(site: Site, case: Case) -> list[str]:
    """Compare what the server says of a job with what the job did and what was answered."""
    job = site.wait(case.job_id)
    has_ended = (site.home / f"ended-{job['name']}").exists()
    told = [event["event"] for event in site.events(case.job_id)]
    wrong = []
    if job["state"] not in {"completed", "cancelled"}:
        wrong.append(f"is {job['state']}: {job['reason']}")
    if job["state"] == "completed" and not has_ended:
        wrong.append("completed without reaching its end")
    if job["state"] == "cancelled" and told[-1] != "cancel":
        wrong.append("cancelled though it had ended")
    if case.is_refused and (case.seen != job["state"] or case.seen not in TERMINAL):
        wrong.append(f"refused to cancel it while it was {case.seen}, now {job['state']}")
    if {"requeue", "lose"} & set(told):
        wrong.append("was given up")
    return [f"job {case.job_id}: {line}: {told}, {case.answer.text}" for line in wrong]


def violations(site: Site) -> list[str]:
    """Read what the server has left, now that it has ended."""
    with invariants.opened(site.home / "data" / "joborch.db") as database:
        return [
            *invariants.ends_once(database),
            *invariants.follows_the_table(database),
            *invariants.keeps_quotas(database, {"example": QUOTA}),
            *invariants.counts_right(database),
            *invariants.leaves_no_orphans(database, site.home / "data"),
            *invariants.all_ended(database),
        ]


def test_who_cannot_wait_for_the_grace_has_the_job_killed_at_once(tmp_path: Path) -> None:
    with a_site(tmp_path, is_warm=False) as site:
        site.serve("--service", "example")
        site.agent("compute-1", "--grace", "50s")
        (job_id,) = site.submit(f"{STUBBORN}echo here; sleep 600")
        wait_until(lambda: site.get(f"/api/v1/jobs/{job_id}/logs").text, timeout=20)
        began = time.monotonic()
        assert site.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 202
        wait_until(lambda: "cancel ordered" in site.started[1].said, timeout=20)
        again = site.post(f"/api/v1/jobs/{job_id}/cancel", json={"grace_s": 0})
        assert (again.status_code, site.wait(job_id)["state"]) == (202, "cancelled")
        assert time.monotonic() - began < 20, "neither the grace nor the next poll was waited for"
        assert invariants.leaves_no_process(site.home) == []
        refused = site.post(f"/api/v1/jobs/{job_id}/cancel"), site.post(f"/terminate/{job_id}")
        assert [answer.status_code for answer in refused] == [409, 500]
        assert site.job(job_id)["state"] == "cancelled"


def test_a_job_of_a_dead_agent_is_cancelled_only_once_it_cannot_run(tmp_path: Path) -> None:
    with a_site(tmp_path, is_warm=False) as site:
        site.serve("--service", "example:per_user=1,lost_after=4s")
        agent = site.agent("compute-1", "--grace", "0.2s")
        (job_id,) = site.submit(f"{STUBBORN}sleep 600")
        site.wait(job_id, until="running")
        site.agent("compute-2")
        (next_id,) = site.submit("true")
        agent.end(SIGKILL)
        asked = site.post(f"/api/v1/jobs/{job_id}/cancel")
        assert (asked.status_code, asked.json()["state"]) == (202, "running")
        assert site.wait(job_id)["state"] == "cancelled"
        assert invariants.leaves_no_process(site.home / "compute-1") == []
        assert site.wait(next_id)["state"] == "completed"
        told = {event["event"]: event["seq"] for event in site.events(job_id)}
        (assigned,) = [one for one in site.events(next_id) if one["event"] == "assign"]
        assert told["cancel"] < assigned["seq"], "the slot was held until then"
        assert "requeue" not in told
