import os
import signal
from pathlib import Path

from tests.support.site import Site
from tests.support.waiting import wait_until


def test_killing_an_agent_does_not_disturb_its_job(site: Site, tmp_path: Path) -> None:
    agent = site.agent()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (job_id,) = site.submit(f"echo $$ > {tmp_path}/pid; read line < {gate}; echo $line > out.txt")
    site.wait(job_id, until="running")
    first_pid = wait_until((tmp_path / "pid").read_text)
    agent.end(signal.SIGKILL)
    site.agent()
    gate.write_text("opened\n")
    job = site.wait(job_id)
    assert (job["state"], job["attempt"]) == ("completed", 1)
    assert site.get(f"/api/v1/jobs/{job_id}/files/result/out.txt").text == "opened\n"
    assert (tmp_path / "pid").read_text() == first_pid


def test_killing_the_server_loses_nothing(site: Site, tmp_path: Path) -> None:
    site.agent()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (running,) = site.submit(f"read line < {gate}; echo $line > out.txt")
    site.wait(running, until="running")
    waiting = site.submit("echo later", array="1-9")
    site.started[0].end(signal.SIGKILL)
    gate.write_text("opened\n")
    site.serve("--service", "example")
    assert [site.wait(job)["state"] for job in (running, *waiting)] == ["completed"] * 10
    assert [event["event"] for event in site.events(running)].count("assign") == 1


def test_a_second_server_on_the_same_data_is_refused(site: Site) -> None:
    refused = site.joborch("serve", "--port", "0", "--data", str(site.home / "data"))
    assert refused.returncode == 6
    assert str(site.started[0].process.pid) in refused.stderr


def test_a_server_stops_quickly_although_agents_and_readers_wait(site: Site) -> None:
    site.agent()
    (job_id,) = site.submit("sleep 600")
    site.wait(job_id, until="running")
    reader = site.run("reader", "--server", site.url, "logs", "-f", str(job_id))
    assert site.started[0].end() == 0
    reader.end()
