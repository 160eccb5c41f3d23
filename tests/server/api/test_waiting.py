"""The route that says why jobs wait."""

from tests.support.hand_agent import submit
from tests.support.server import RunningServer


def test_it_says_of_the_jobs_asked_about_why_they_wait(server: RunningServer) -> None:
    job_id = submit(server.http, user_id="ann", hold="yes")

    said = server.http.get(f"/api/v1/waiting?id={job_id}").raise_for_status().json()

    assert said["items"] == [{"id": job_id, "reason": "held"}]
    assert said["schema"] == "joborch.waiting/1"


def test_it_refuses_what_is_no_list_of_ids(server: RunningServer) -> None:
    for query in ("id=x", "ids=1", "id=" + ",".join("1" * 1001)):
        assert server.http.get(f"/api/v1/waiting?{query}").status_code == 400


def test_the_environment_of_a_job_is_shown_without_its_secrets(server: RunningServer) -> None:
    job_id = submit(server.http, hold="yes", env="API_TOKEN=s3cret")

    said = server.http.get(f"/api/v1/jobs/{job_id}/environment").raise_for_status().json()

    assert said["env"] == {"API_TOKEN": "***"}
    assert server.http.get("/api/v1/jobs/999999/environment").status_code == 404


def test_several_jobs_are_explained_at_once_or_not_at_all(server: RunningServer) -> None:
    job_id = submit(server.http, hold="yes")

    other = submit(server.http, hold="yes")

    for query in (f"id={job_id},{other}", f"id={job_id}&id={other}"):
        found = server.http.get(f"/api/v1/explanations?{query}").raise_for_status().json()
        assert [each["job_id"] for each in found["items"]] == [job_id, other]
        said = server.http.get(f"/api/v1/waiting?{query}").raise_for_status().json()
        assert {each["id"] for each in said["items"]} == {job_id, other}

    assert server.http.get(f"/api/v1/explanations?id={job_id},999999").status_code == 404
    assert server.http.get("/api/v1/explanations?id=x").status_code == 400
    assert server.http.get("/api/v1/explanations").json()["items"] == []
