"""Uploads by clients that nobody here wrote, each with its own way of naming files."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.support.server import RunningServer, running_server
from tests.support.waiting import wait_until

LONGEST = "l" * 251 + ".pdb"
NAMES = [
    "my file.pdb",
    "100%.txt",
    "100%20.txt",
    "a#b?c=d&e.txt",
    "Größe λ.txt",
    "日本.pdb",
    'a "quoted" name.txt',
    "it's; a=b, c.txt",
    "{curly}[square]<angle>.txt",
    "+plus~tilde`tick$.txt",
    LONGEST,
]
PAGE = """<!DOCTYPE html><meta charset="utf-8">
<form method="post" enctype="multipart/form-data" action="{url}/upload" target="answer">
<input name="user_id" value="8"><input name="service" value="example">
<input name="files" type="file" multiple>
</form>
<iframe name="answer"></iframe>
<script>
const names = {names};
const chosen = new DataTransfer();
chosen.items.add(new File(["true\\n"], "run.sh"));
for (const name of names) chosen.items.add(new File([name], name));
document.querySelector("[type=file]").files = chosen.files;
document.querySelector("iframe").onload = () => navigator.sendBeacon("/answered");
document.querySelector("form").submit();
</script>
"""


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program} here")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("foreign") / "data") as server:
        yield server


def inputs_of(server: RunningServer, job_id: int) -> dict[str, bytes]:
    listed = server.http.get(f"/api/v1/jobs/{job_id}/files").json()["items"]
    where = f"/api/v1/jobs/{job_id}/files/input"
    return {
        file["name"]: server.http.get(f"{where}/{quote(file['name'])}").content for file in listed
    }


def curl(server: RunningServer, folder: Path, *options: str) -> httpx.Response:
    """Upload with curl; every option is a part of the form."""
    parts = ["user_id=7", "service=example", *options]
    command = ["curl", "-sS", "--write-out", "\n%{http_code}", f"{server.url}/upload"]
    ran = subprocess.run(
        [*command, *(word for part in parts for word in ("-F", part))],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    body, _, status = ran.stdout.rpartition("\n")
    return httpx.Response(int(status), text=body)


def quoted(path: str) -> str:
    """Write a path as curl wants it in a form, so that no character in it is one of its own."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


@needs("curl")
def test_curl_keeps_every_name(server: RunningServer, tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text(name)
    (tmp_path / "run.sh").write_text("true\n")

    answer = curl(server, tmp_path, *(f"file=@{quoted(name)}" for name in ["run.sh", *NAMES]))

    assert answer.status_code == 200, answer.text
    assert inputs_of(server, answer.json()["id"]) == {
        "run.sh": b"true\n",
        **{name: name.encode() for name in NAMES},
    }


@needs("curl")
def test_curl_names_files_that_it_reads_from_elsewhere(
    server: RunningServer, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")

    answer = curl(
        server,
        tmp_path,
        'script=@a;filename="run.sh"',
        'anything=@a;filename="in/deep/größe 1.txt";type=chemical/x-pdb',
        'in%2Fdeep=@b;filename="in/deep/%C3%9F.txt";headers="X-More: 1"',
    )

    assert inputs_of(server, answer.json()["id"]) == {
        "run.sh": b"1",
        "in/deep/größe 1.txt": b"1",
        "in/deep/%C3%9F.txt": b"2",
    }


@needs("curl")
@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "l" * 256, "a//b", ""])
def test_a_name_that_cannot_be_is_refused_whole(
    server: RunningServer, tmp_path: Path, name: str
) -> None:
    (tmp_path / "run.sh").write_text("true\n")
    payloads = server.payloads

    answer = curl(server, tmp_path, "file=@run.sh", f"file=@run.sh;filename={quoted(name)}")

    assert answer.status_code == 400
    assert "file name" in answer.text
    assert (server.staged, server.payloads) == ([], payloads)


@needs("chromium")
@pytest.mark.timeout(120)
def test_a_browsers_form_keeps_every_name(server: RunningServer, tmp_path: Path) -> None:
    names = [*NAMES, "in/deep/größe.txt"]
    page = PAGE.format(url=server.url, names=names)

    with a_page(page) as (url, answered), a_browser(tmp_path, url) as browser:
        wait_until(
            lambda: answered.is_set() or browser.poll() is not None,
            timeout=100,
            describe=(tmp_path / "browser.log").read_text,
        )

    (job,) = server.http.get("/api/v1/jobs", params={"user": "8"}).json()["items"]
    assert inputs_of(server, job["id"]) == {
        "run.sh": b"true\n",
        **{name: name.encode() for name in names},
    }


@contextmanager
def a_page(html: str) -> Iterator[tuple[str, threading.Event]]:
    """Serve a page, from another origin than the server's; it says when the form was answered."""
    answered = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def do_POST(self) -> None:
            self.send_response(204)
            self.end_headers()
            answered.set()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as pages:
        thread = threading.Thread(target=pages.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{pages.server_port}/", answered
        finally:
            pages.shutdown()
            thread.join()


@contextmanager
def a_browser(home: Path, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Open a page in a browser without a window; it asks nobody but this machine."""
    options = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run"
    options += " --disable-background-networking --disable-component-update --disable-sync"
    options += " --disable-extensions --disable-default-apps --no-proxy-server"
    rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    command = ["chromium", *options.split(), rules, f"--user-data-dir={home / 'profile'}"]
    with (home / "browser.log").open("wb") as log:
        browser = subprocess.Popen(
            [*command, "--remote-debugging-port=0", url],
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
        )
    try:
        yield browser
    finally:
        browser.terminate()
        browser.wait(30)
