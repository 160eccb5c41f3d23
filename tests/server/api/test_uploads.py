import asyncio
import errno
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.datastructures import Headers

from joborch.domain.errors import DiskFullError
from joborch.server.blobs import Blobs
from joborch.web.bodies import StalledError, pieces
from joborch.web.uploads import receive_upload
from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_until

BOUNDARY = "XX"
MULTIPART = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
MEBIBYTE = 1024 * 1024


def a_part(disposition: str, data: bytes = b"x") -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return head.encode() + data + b"\r\n"


def a_file(name: str, data: bytes = b"true") -> bytes:
    return a_part(f'name="file"; filename="{name}"', data)


def a_field(name: str, value: str) -> bytes:
    return a_part(f'name="{name}"', value.encode())


FIELDS = a_field("service", "example") + a_field("user_id", "1")
SCRIPT = a_file("run.sh")
END = f"--{BOUNDARY}--\r\n".encode()


def refused(name: str, body: bytes, status: int, said: str) -> object:
    return pytest.param(body, status, said, id=name)


REFUSED = [
    refused("nothing at all", b"", 400, "Unexpected end of multipart stream"),
    refused("only the end", END, 400, "service is missing"),
    refused("half a header", FIELDS + b"--XX\r\nContent-Dispo", 400, "Unexpected end"),
    refused("half a file", FIELDS + SCRIPT[:-10], 400, "Unexpected end"),
    refused("no end", FIELDS + SCRIPT, 400, "Unexpected end"),
    refused("another boundary", (FIELDS + SCRIPT + END).replace(b"XX", b"YY"), 400, "end"),
    refused("no disposition", b"--XX\r\nA: b\r\n\r\nx\r\n" + END, 400, "Content-Disposition"),
    refused(
        "a wrong disposition",
        b"--XX\r\nContent-Disposition: attachment\r\n\r\nx\r\n" + END,
        400,
        "Content-Disposition",
    ),
    refused("a bare newline", b"--XX\nContent-Disposition: form-data\n\nx", 400, "line break"),
    refused("a header without colon", b"--XX\r\nnonsense\r\n\r\nx\r\n" + END, 400, "Malformed"),
    refused("a huge header", b"--XX\r\nA: " + b"a" * 9000 + b"\r\n\r\n", 413, "header"),
    refused("many headers", b"--XX\r\n" + b"A: b\r\n" * 50 + b"\r\n" + END, 413, "header count"),
    refused(
        "a name that is no UTF-8",
        FIELDS + b'--XX\r\nContent-Disposition: form-data; name="f"; filename="\xff"\r\n\r\n',
        400,
        "decode",
    ),
    refused("traversal", FIELDS + a_file("../run.sh"), 400, "leads out"),
    refused("inner traversal", FIELDS + a_file("a/../../x"), 400, "leads out"),
    refused("an absolute name", FIELDS + a_file("/etc/passwd"), 400, "is absolute"),
    refused("a drive", FIELDS + a_file("C:x"), 400, "is absolute"),
    refused("a backslash", FIELDS + a_file("a\\\\b"), 400, "backslash"),
    refused("a NUL", FIELDS + a_file("a\0b"), 400, "control character"),
    refused("a control character", FIELDS + a_file("a\x1b[2Jb"), 400, "control character"),
    refused("an empty name", FIELDS + a_file(""), 400, "is empty"),
    refused("a dot", FIELDS + a_file("./run.sh"), 400, "empty or '.'"),
    refused("a long name", FIELDS + a_file("n" * 300), 400, "over 255 bytes"),
    refused("deep nesting", FIELDS + a_file("d/" * 40 + "f"), 400, "deeper than 32"),
    refused("a reserved name", FIELDS + a_file(".joborch/x"), 400, "reserved"),
    refused("the same name twice", FIELDS + SCRIPT + SCRIPT + END, 400, "there twice"),
    refused("the same but for case", FIELDS + SCRIPT + a_file("RUN.SH"), 400, "there twice"),
    refused(
        "the same after composition",
        FIELDS + a_file("\u00e9") + a_file("e\u0301"),
        400,
        "there twice",
    ),
    refused("a file, then below it", FIELDS + a_file("a") + a_file("a/b/c"), 400, "directory's"),
    refused("a file over a folder", FIELDS + a_file("a/b") + a_file("A"), 400, "directory's"),
    refused(
        "an extended name that is no UTF-8",
        FIELDS + a_part("name=f; filename*=utf-8''%ff"),
        400,
        "not UTF-8",
    ),
    refused("a long field", FIELDS + a_part('name="name"', b"n" * 70_000), 413, "65536 bytes"),
    refused("a binary field", FIELDS + a_part('name="name"', b"\xff") + END, 400, "not UTF-8"),
    refused(
        "many long fields",
        b"".join(a_part(f'name="f{n}"', b"n" * 60_000) for n in range(20)),
        413,
        "together",
    ),
    refused(
        "50,000 parts",
        FIELDS + b"".join(a_file(f"f{n}", b"") for n in range(50_000)) + END,
        413,
        "more than 1000 parts",
    ),
    refused("no script", FIELDS + a_file("x") + END, 400, "there is no run.sh"),
    refused("no user", a_field("service", "example") + SCRIPT + END, 400, "user_id is missing"),
    refused("a user twice", FIELDS + a_field("user_id", "2") + SCRIPT + END, 400, "there 2 times"),
    refused(
        "an unknown service",
        a_field("service", "nope") + a_field("user_id", "1") + SCRIPT + END,
        422,
        "not known here",
    ),
    refused(
        "every mistake at once",
        FIELDS + a_field("priority", "high") + a_field("nmae", "x") + SCRIPT + END,
        400,
        "there is no field 'nmae'; name?; priority: not a whole number from 0 to 100",
    ),
]


@pytest.mark.parametrize(("body", "status", "said"), REFUSED)
def test_a_hostile_submission_is_refused_with_the_reason_and_leaves_nothing(
    server: RunningServer, body: bytes, status: int, said: str
) -> None:
    before = server.payloads

    answer = server.http.post("/api/v1/jobs", content=body, headers=MULTIPART)

    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    assert said in answer.json()["detail"]
    assert (server.staged, server.payloads) == ([], before)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed"],
)
def test_a_submission_must_be_a_multipart_form(server: RunningServer, content_type: str) -> None:
    headers = {"content-type": content_type}

    answer = server.http.post("/api/v1/jobs", content=FIELDS + SCRIPT + END, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (a_file("data/input 1.pdb"), "data/input 1.pdb"),
        (a_part("name*=utf-8''my%20file.pdb; filename=\"my file.pdb\""), "my file.pdb"),
        (a_part("name=file; filename*=UTF-8''%C3%A9t%C3%A9.txt"), "\u00e9t\u00e9.txt"),
        (a_file("e\u0301.txt"), "\u00e9.txt"),
        (a_file('say \\"hi\\".txt'), 'say "hi".txt'),
        (a_part('name=""; filename="unnamed"'), "unnamed"),
    ],
)
def test_a_files_name_is_kept_with_its_folders(
    server: RunningServer, part: bytes, name: str
) -> None:
    answer = server.http.post(
        "/api/v1/jobs", content=FIELDS + SCRIPT + part + END, headers=MULTIPART
    )

    job_id = answer.raise_for_status().json()["jobs"][0]["id"]
    files = server.http.get(f"/api/v1/jobs/{job_id}/files").json()["items"]
    assert {file["name"] for file in files} == {"run.sh", name}


def test_a_client_that_goes_away_leaves_nothing(server: RunningServer) -> None:
    before = server.payloads
    head = "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n"
    head += f"Content-Type: {MULTIPART['content-type']}\r\n\r\n"
    with socket.create_connection(server.address) as client:
        client.sendall(head.encode() + FIELDS + a_file("run.sh")[:-5])
        wait_until(lambda: server.staged)

    wait_until(lambda: not server.staged)
    assert server.payloads == before
    assert "request failed" not in server.log


def test_a_body_that_stalls_is_given_up() -> None:
    async def silence() -> object:
        return await asyncio.get_running_loop().create_future()

    async def read() -> list[bytes]:
        return [piece async for piece in pieces(silence, most=9, silence_s=0.01)]  # type: ignore[arg-type]  # it never answers

    with pytest.raises(StalledError) as caught:
        asyncio.run(read())

    assert caught.value.status_code == 408


def test_a_full_disk_refuses_and_leaves_nothing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)

    async def fail() -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    headers = Headers(MULTIPART)
    with pytest.raises(DiskFullError):
        asyncio.run(receive_upload(headers, fail, stage=blobs.stage, max_bytes=9, max_parts=9))  # type: ignore[arg-type]  # it never answers

    assert [*(tmp_path / "staging").iterdir()] == []


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that takes 4 MiB at most."""
    data = tmp_path_factory.mktemp("small") / "data"
    with running_server(data, max_upload="4M") as server:
        yield server


def a_large_body(size: int) -> Iterator[bytes]:
    yield FIELDS + a_file("run.sh") + a_file("big", b"")[:-2]
    for _ in range(size // MEBIBYTE):
        yield bytes(MEBIBYTE)
    yield b"\r\n" + END


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "chunked"])
@pytest.mark.parametrize("route", ["/api/v1/jobs", "/upload"])
def test_a_body_over_the_limit_is_refused_and_the_client_sees_it(
    small: RunningServer, route: str, *, announced: bool
) -> None:
    headers = dict(MULTIPART)
    if announced:
        headers["content-length"] = str(sum(map(len, a_large_body(64 * MEBIBYTE))))

    answer = small.http.post(route, content=a_large_body(64 * MEBIBYTE), headers=headers)

    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert "over the limit of 4194304 bytes" in answer.text
    assert (small.staged, small.payloads) == ([], 0)


@pytest.mark.parametrize("extra", [[], ["-H", "Expect:"], ["-H", "Transfer-Encoding: chunked"]])
def test_curl_sees_the_refusal_too(small: RunningServer, tmp_path: Path, extra: list[str]) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(64 * MEBIBYTE)
    command = ["curl", "-sS", "-w", "%{http_code}", "-o", str(tmp_path / "said"), *extra]
    command += ["-F", f"file=@{big}", f"{small.url}/upload"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "413", "")
    assert "over the limit" in (tmp_path / "said").read_text()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "data", max_upload="600M") as server:
        yield server


def test_memory_stays_flat_whatever_is_sent(fresh: RunningServer) -> None:
    before = fresh.peak_memory()
    field = a_part('name="name"', bytes(128 * MEBIBYTE))

    refusal = fresh.http.post("/api/v1/jobs", content=FIELDS + field + END, headers=MULTIPART)
    taken = fresh.http.post("/api/v1/jobs", content=a_large_body(192 * MEBIBYTE), headers=MULTIPART)

    assert (refusal.status_code, taken.status_code) == (413, 201)
    assert taken.json()["size_bytes"] == 192 * MEBIBYTE + 4
    assert fresh.peak_memory() - before < 48 * MEBIBYTE
