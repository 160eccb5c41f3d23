"""Steps that build on one another, run by a real agent: each waits for what it needs."""

from tests.support.site import Site


def test_a_step_starts_when_the_one_before_has_completed_and_not_sooner(site: Site) -> None:
    site.agent(service="example:4")
    first = site.submit("sleep 0.3", array="1-2")
    (second,) = site.submit("echo second", after=f"{first[0]}-{first[1]}")
    (third,) = site.submit("echo third", after=str(second))

    assert site.wait(third)["state"] == "completed"

    ended = max(site.job(job_id)["finished_at"] for job_id in first)
    assert ended <= site.job(second)["assigned_at"]
    assert site.job(second)["finished_at"] <= site.job(third)["assigned_at"]
    assert [event["event"] for event in site.events(second)][:3] == ["submit", "ready", "assign"]


def test_a_step_that_fails_takes_along_what_needs_it_and_lets_go_what_only_follows(
    site: Site,
) -> None:
    site.agent(service="example:4")
    (first,) = site.submit("sleep 0.3; exit 3")
    (needs_it,) = site.submit("echo never", after=str(first))
    (clears_up,) = site.submit("echo done", after_any=f"{first},{needs_it}")

    assert site.wait(clears_up)["state"] == "completed"

    assert site.job(first)["state"] == "failed"
    assert site.job(needs_it)["reason"] == f"dependency {first} failed"
    assert [event["event"] for event in site.events(needs_it)] == ["submit", "cancel"]
    assert site.joborch("check", "--data", str(site.home / "data")).returncode == 0
