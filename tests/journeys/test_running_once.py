"""An agent that takes what waits, runs it to its end, and leaves."""

from tests.support.site import Running, Site


def an_agent_that_runs_once(site: Site) -> Running:
    arguments = ["agent", "--server", site.url, "--name", "cron", "--service", "example:2"]
    return site.run("cron", *arguments, "--work-dir", str(site.home / "cron"), "--once")


def test_an_agent_that_runs_once_does_what_it_can_take_and_leaves(site: Site) -> None:
    jobs = [*site.submit("sleep 0.2", array="1-2"), *site.submit("true")]

    agent = an_agent_that_runs_once(site)

    assert agent.process.wait(timeout=30) == 0
    assert [site.job(job)["state"] for job in jobs] == ["completed", "completed", "queued"]
    assert site.job(jobs[2])["attempt"] == 0, "it was not taken and given back"


def test_without_anything_to_take_it_leaves(site: Site) -> None:
    agent = an_agent_that_runs_once(site)

    assert agent.process.wait(timeout=30) == 0
    assert "draining: 0 jobs left" in agent.said
