from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from tests.support.site import Site, a_site


def active_over_time(site: Site, jobs: list[int]) -> list[int]:
    """How many of these jobs were active after each event of the log, in its order."""
    events = sorted(
        (event for job_id in jobs for event in site.events(job_id)), key=lambda event: event["seq"]
    )
    active = {"assigned", "running"}
    steps = [
        (event["to_state"] in active) - ((event["from_state"] or "") in active) for event in events
    ]
    return [*accumulate(steps)]


def share_of_slots_used(jobs: list[dict[str, Any]], *, slots: int) -> float:
    """How much of the time between the first assignment and the last, slots were taken."""
    taken = [(moment(job["assigned_at"]), moment(job["finished_at"])) for job in jobs]
    begin, end = min(start for start, _ in taken), max(start for start, _ in taken)
    used = sum(min(finish, end) - start for start, finish in taken)
    return used / (slots * (end - begin))


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_never_more_than_the_quota_runs_and_the_slots_stay_full(tmp_path: Path) -> None:
    with a_site(tmp_path) as site:
        site.serve(env={"SERVICE_EXAMPLE_RUNS_PER_USER": "5"})
        site.agent(service="example:20")
        jobs = site.submit("sleep 0.5", user="1", array="1-30")
        ended = [site.wait(job_id) for job_id in jobs]
        assert {job["state"] for job in ended} == {"completed"}
        assert max(active_over_time(site, jobs)) == 5
        assert share_of_slots_used(ended, slots=5) > 0.8


def test_one_who_comes_in_the_middle_of_a_flood_starts_at_the_next_free_slot(
    tmp_path: Path,
) -> None:
    with a_site(tmp_path) as site:
        site.serve("--service", "example:per_user=5,max=5")
        site.agent(service="example:20")
        flood = site.submit("sleep 0.2", user="1", array="1-60")
        site.wait(flood[5])
        (late,) = site.submit("echo hello", user="2")
        job = site.wait(late)
        began_before = [
            event["job_id"]
            for job_id in flood
            for event in site.events(job_id)
            if event["event"] == "assign" and job["submitted_at"] < event["at"] < job["assigned_at"]
        ]
        assert len(began_before) <= 1, began_before
