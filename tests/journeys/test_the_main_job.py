import io
import zipfile
from pathlib import Path

from tests.support.site import Site

EXAMPLE = Path(__file__).parents[2] / "example"


def members(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_a_job_goes_from_submission_to_results(site: Site) -> None:
    site.agent()
    (job_id,) = site.submit("cat in/data.txt > out.txt; echo seen", files={"in/data.txt": b"42"})
    job = site.wait(job_id)
    assert (job["state"], job["exit_code"], job["attempt"]) == ("completed", 0, 1)
    results = members(site.get(f"/api/v1/jobs/{job_id}/results").content)
    assert results["out.txt"] == "42"
    assert results["in/data.txt"] == "42"
    assert results[".joborch/stdout.log"] == "seen\n"
    assert [event["event"] for event in site.events(job_id)] == [
        "submit",
        "assign",
        "start",
        "complete",
    ]


def test_a_real_complex_is_analysed(site: Site) -> None:
    site.agent()
    pdb = (EXAMPLE / "contacts" / "complex.pdb").read_bytes()
    script = (EXAMPLE / "contacts" / "run.sh").read_text()
    (job_id,) = site.submit(script, files={"complex.pdb": pdb})
    assert site.wait(job_id)["state"] == "completed"
    answer = site.get(f"/api/v1/jobs/{job_id}/files/result/contacts.csv")
    assert answer.text.count("\n") == 29


def test_results_of_failed_timed_out_and_cancelled_jobs_come_home(site: Site) -> None:
    site.agent()
    (failed,) = site.submit("echo partial > out.txt; echo why >&2; exit 3")
    (slow,) = site.submit("echo partial > out.txt; sleep 600", time_limit="1s")
    (endless,) = site.submit("echo partial > out.txt; sleep 600")
    assert site.wait(endless, until="running")["state"] == "running"
    answer = site.post(f"/api/v1/jobs/{endless}/cancel", json={"reason": "enough"})
    assert answer.status_code == 202
    ended = {job_id: site.wait(job_id) for job_id in (failed, slow, endless)}
    assert [job["state"] for job in ended.values()] == ["failed", "timed_out", "cancelled"]
    assert ended[failed]["exit_code"] == 3
    assert ended[endless]["reason"] == "cancelled by api: enough"
    for job_id in ended:
        results = members(site.get(f"/api/v1/jobs/{job_id}/results").content)
        assert results["out.txt"] == "partial\n"
    assert site.get(f"/api/v1/jobs/{failed}/logs", params={"stream": "stderr"}).text == "why\n"


def test_a_job_sees_only_what_it_was_given(site: Site) -> None:
    site.agent()
    (job_id,) = site.submit("env | sort", env="COLOUR=red", name="look")
    site.wait(job_id)
    environment = dict(
        line.split("=", 1)
        for line in site.get(f"/api/v1/jobs/{job_id}/logs").text.splitlines()
        if "=" in line
    )
    assert environment["COLOUR"] == "red"
    assert environment["JOBORCH_JOB_ID"] == str(job_id)
    assert environment["JOBORCH_SERVICE"] == "example"
    assert not [name for name in environment if "TOKEN" in name or "KEY" in name]


def test_an_array_runs_once_for_each_index(site: Site) -> None:
    site.agent()
    jobs = site.submit("echo $JOBORCH_ARRAY_INDEX of $JOBORCH_ARRAY_COUNT", array="3-9:3")
    written = []
    for job_id in jobs:
        site.wait(job_id)
        written.append(site.get(f"/api/v1/jobs/{job_id}/logs").text)
    assert written == ["3 of 3\n", "6 of 3\n", "9 of 3\n"]


def test_large_inputs_and_results_travel_in_pieces(site: Site) -> None:
    site.agent()
    data = bytes(range(256)) * 20_000
    (job_id,) = site.submit("cat big big > twice", files={"big": data})
    assert site.wait(job_id)["state"] == "completed"
    answer = site.get(f"/api/v1/jobs/{job_id}/files/result/twice")
    assert answer.content == data + data


def test_a_running_jobs_directory_and_log_can_be_looked_at(site: Site) -> None:
    site.agent()
    (job_id,) = site.submit("echo first; echo half > half.txt; sleep 600")
    site.wait(job_id, until="running")
    assert site.get(f"/api/v1/jobs/{job_id}/logs").text == "first\n"
    archive = members(site.get(f"/api/v1/jobs/{job_id}/partial").content)
    assert archive["half.txt"] == "half\n"
    site.post(f"/api/v1/jobs/{job_id}/cancel", json={"grace_s": 0})
    assert site.wait(job_id)["state"] == "cancelled"
