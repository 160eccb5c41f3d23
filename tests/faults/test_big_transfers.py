"""Large inputs and results, to and from the original's programs, in little memory."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from tests.faults.sizes import size
from tests.support.originals.forms import form_of
from tests.support.site import HTTP, Site, a_site
from tests.support.stand_ins import a_stand_in, free_port
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(size(120, nightly=1800))]

BIG_BYTES = size(24_000_000, nightly=400_000_000)
MORE_BYTES = size(16, nightly=64) * 1024 * 1024
"""Less than the files, so that one that is held in memory is noticed."""
PATIENCE_S = size(60, nightly=900)
SCRIPT = b"cp big.bin back.bin\n"


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A job's directory, with a file that does not get smaller when it is packed."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "run.sh").write_bytes(SCRIPT)
    with Path("/dev/urandom").open("rb") as source, (folder / "big.bin").open("wb") as file:
        for start in range(0, BIG_BYTES, 1_000_000):
            file.write(source.read(min(1_000_000, BIG_BYTES - start)))
    return folder


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_server_and_bridge_pass_large_files_on_in_little_memory(
    generation: str, inputs: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        client = stack.enter_context(a_stand_in("client", generation, tmp_path / "client"))
        site = stack.enter_context(a_site(tmp_path, is_warm=False))
        server = site.serve(env=variables(client.url))
        (small,) = site.submit("true")
        site.wait(small)
        processes = [server.process.pid, *bridges_of(server.process.pid)]
        before = [memory(pid, "VmRSS") for pid in processes]
        (job_id,) = submit(site, inputs)
        wait_until(lambda: site.wait(job_id)["state"] == "completed", timeout=PATIENCE_S)
        came = digest(f"{site.url}/api/v1/jobs/{job_id}/files/result/back.bin")
        peaks = [memory(pid, "VmHWM") for pid in processes]
    assert came == digest_of(inputs / "big.bin")
    assert len(processes) == 2
    assert all(peak <= idle + MORE_BYTES for idle, peak in zip(before, peaks, strict=True)), (
        before,
        peaks,
    )


def test_a_listener_takes_and_hands_out_large_files_in_little_memory(
    inputs: Path, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with a_site(tmp_path, is_warm=False) as site:
        options = ("--work-dir", str(tmp_path / "agent"))
        agent = site.run("agent", "agent", "--listen", f"127.0.0.1:{port}", *options)
        wait_until(lambda: "listens at" in agent.said, timeout=30, describe=lambda: agent.said)
        wait_until(lambda: answers(url), timeout=30)
        before = memory(agent.process.pid, "VmRSS")
        kind, length, pieces = form_of(inputs)
        headers = {"content-type": kind, "content-length": str(length)}
        sent = HTTP.post(f"{url}/submit", content=pieces, headers=headers, timeout=PATIENCE_S)
        results = f"{url}/retrieve/{sent.json()['id']}"
        wait_until(lambda: is_done(results), timeout=PATIENCE_S)
        digest(results)
        peak = memory(agent.process.pid, "VmHWM")
    assert peak <= before + MORE_BYTES, (before, peak)


def variables(url: str) -> dict[str, str]:
    paths = {"UPLOAD": "submit", "DOWNLOAD": "retrieve"}
    return {f"SERVICE_EXAMPLE_{what}_URL": f"{url}/{path}" for what, path in paths.items()}


def submit(site: Site, folder: Path) -> list[int]:
    with (folder / "big.bin").open("rb") as big:
        answer = site.post(
            "/api/v1/jobs",
            data={"user_id": "ann", "service": "example"},
            files=[("file", ("run.sh", SCRIPT)), ("file", ("big.bin", big))],
            timeout=PATIENCE_S,
        )
    return [job["id"] for job in answer.json()["jobs"]]


def bridges_of(server_pid: int) -> Iterator[int]:
    for child in psutil.Process(server_pid).children():
        if "--backend" in child.cmdline():
            yield child.pid


def memory(pid: int, what: str) -> int:
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def answers(url: str) -> bool:
    try:
        return HTTP.get(url).is_success
    except httpx.TransportError:
        return False


def is_done(results: str) -> bool:
    with HTTP.stream("GET", results) as answer:
        return answer.status_code == 200


def digest(url: str) -> str:
    hashed = hashlib.sha256()
    with HTTP.stream("GET", url, timeout=PATIENCE_S) as answer:
        for piece in answer.raise_for_status().iter_bytes(1 << 20):
            hashed.update(piece)
    return hashed.hexdigest()


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
