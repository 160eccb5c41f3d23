import pytest

from joborch.web.ranges import Part, choose, disposition
from tests.support.hand_agent import HandAgent, submit
from tests.support.server import RunningServer
from tests.support.waiting import wait_until

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, Part(200, 0, 99)),
        ({"range": "bytes=0-9"}, Part(206, 0, 9)),
        ({"range": "bytes=90-"}, Part(206, 90, 99)),
        ({"range": "bytes=90-1000"}, Part(206, 90, 99)),
        ({"range": "bytes=-10"}, Part(206, 90, 99)),
        ({"range": "bytes=-1000"}, Part(206, 0, 99)),
        ({"range": "bytes=100-"}, Part(416, 0, -1)),
        ({"range": "bytes=-0"}, Part(416, 0, -1)),
        ({"range": "bytes=9-1"}, Part(200, 0, 99)),
        ({"range": "bytes=-"}, Part(200, 0, 99)),
        ({"range": "bytes=0-1,4-5"}, Part(200, 0, 99)),
        ({"range": "lines=0-1"}, Part(200, 0, 99)),
        ({"range": "bytes=0-9", "if-range": ETAG}, Part(206, 0, 9)),
        ({"range": "bytes=0-9", "if-range": '"old"'}, Part(200, 0, 99)),
        ({"if-none-match": ETAG}, Part(304, 0, -1)),
        ({"if-none-match": f'"old", W/{ETAG}'}, Part(304, 0, -1)),
        ({"if-none-match": "*"}, Part(304, 0, -1)),
        ({"if-none-match": '"old"'}, Part(200, 0, 99)),
    ],
)
def test_what_is_sent_follows_the_requests_headers(headers: dict[str, str], part: Part) -> None:
    assert choose(headers, 100, ETAG) == part


def test_an_empty_file_has_no_range() -> None:
    assert choose({"range": "bytes=0-"}, 0, None) == Part(416, 0, -1)
    assert choose({}, 0, None).size == 0


def test_a_files_name_cannot_break_out_of_its_header() -> None:
    assert disposition("a/b c.txt") == 'attachment; filename="b c.txt"'
    assert disposition('x"\r\nA: b') == (
        "attachment; filename=\"x___A_ b\"; filename*=UTF-8''x%22%0D%0AA%3A%20b"
    )


def test_results_can_be_fetched_in_parts(server: RunningServer, agent: HandAgent) -> None:
    job_id = submit(server.http, user_id="parts")
    lease = agent.take(job_id)
    agent.finish(lease, files={"out.txt": "x" * 500_000})
    url = f"/api/v1/jobs/{job_id}/results"

    whole = server.http.get(url)
    part = server.http.get(url, headers={"range": "bytes=100000-399999"})
    known = server.http.get(url, headers={"if-none-match": whole.headers["etag"]})
    beyond = server.http.get(url, headers={"range": "bytes=900000-"})
    head = server.http.head(url)

    assert (part.status_code, part.content) == (206, whole.content[100_000:400_000])
    assert part.headers["content-range"] == f"bytes 100000-399999/{len(whole.content)}"
    assert (known.status_code, known.content) == (304, b"")
    assert (beyond.status_code, beyond.content) == (416, b"")
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    assert head.headers["content-length"] == str(len(whole.content))


def test_a_member_of_the_results_can_be_fetched_in_parts(
    server: RunningServer, agent: HandAgent
) -> None:
    job_id = submit(server.http, user_id="parts")
    lease = agent.take(job_id)
    agent.finish(lease, files={"a/out.txt": "0123456789"})

    part = server.http.get(
        f"/api/v1/jobs/{job_id}/files/result/a/out.txt", headers={"range": "bytes=3-5"}
    )

    assert (part.status_code, part.text) == (206, "345")


def test_of_each_result_its_checksum_is_told(server: RunningServer, agent: HandAgent) -> None:
    job_id = submit(server.http, user_id="parts")
    agent.finish(agent.take(job_id), files={"a/out.txt": "0123456789"})

    files = server.http.get(f"/api/v1/jobs/{job_id}/files").json()["items"]

    checksums = {file["name"]: file["crc32"] for file in files}
    assert checksums == {"run.sh": None, "a/out.txt": 0xA684C7C6}


def test_no_answer_leaves_a_file_open(server: RunningServer) -> None:
    form = {"service": "example", "user_id": "open", "hold": "yes"}
    files = [("f", ("run.sh", b"exit 0\n")), ("f", ("big", bytes(30_000_000)))]
    job_id = server.http.post("/api/v1/jobs", data=form, files=files).json()["jobs"][0]["id"]
    url = f"/api/v1/jobs/{job_id}/files/input/big"

    server.http.head(url).raise_for_status()
    server.http.get(url, headers={"range": "bytes=99999999-"})
    with server.http.stream("GET", url) as stream:
        next(stream.iter_bytes())

    wait_until(lambda: not [path for path in server.open_files if path.endswith("/big")])
