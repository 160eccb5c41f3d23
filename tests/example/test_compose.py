"""The example for Docker, without Docker: its two processes, with their commands and variables."""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no annotations

from tests.support.site import Site, a_site
from tests.support.stand_ins import free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "example" / "docker-compose.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]


class HereInsteadOfThere:
    """Writes what is meant for containers so that it means this machine."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = {port: str(free_port()) for port in ("5000", "9000")}

    def command(self, service: str) -> list[str]:
        return [self._here(word, service) for word in SERVICES[service]["command"].split()]

    def environment(self, service: str) -> Mapping[str, str]:
        given = SERVICES[service]["environment"]
        return {name: self._here(str(value), service) for name, value in given.items()}

    def _here(self, text: str, service: str) -> str:
        text = re.sub(r"\b(client|server|0\.0\.0\.0)\b", "127.0.0.1", text)
        text = re.sub(r"\b(5000|9000)\b", lambda found: self.ports[found[0]], text)
        return text.replace("/opt/data", str(self.home / service))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The two processes of the file."""
    home = tmp_path_factory.mktemp("compose")
    here = HereInsteadOfThere(home)
    with a_site(home) as site:
        site.port = int(here.ports["5000"])
        for service in ("client", "server"):
            _, *arguments = here.command(service)
            (home / service).mkdir()
            running = site.run(service, *arguments, env=here.environment(service))
            wait_until(
                lambda running=running: re.search(r"(listens|serves) at", running.said),  # type: ignore[misc]
                timeout=50,
                describe=lambda running=running: running.said,  # type: ignore[misc]
            )
        yield site


def commands_of_the_readme() -> list[str]:
    """Return the lines about the original's routes, those that go on made one."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    block = next(block for block in blocks if "contacts/run.sh" in block and "/upload" in block)
    return [line for line in block.replace("\\\n", "").splitlines() if line]


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("unzip")), reason="needs curl and unzip"
)
@pytest.mark.timeout(120)
def test_the_readmes_commands_work_with_the_two_processes(site: Site, tmp_path: Path) -> None:
    (tmp_path / "example").symlink_to(ROOT / "example")
    upload, ask, fetch, unpack = commands_of_the_readme()

    assert '"status":"Queued"' in shell(upload, site, tmp_path)
    wait_until(lambda: " 200 OK" in shell(ask, site, tmp_path), timeout=60)
    shell(fetch, site, tmp_path)

    listed = shell(unpack, site, tmp_path)
    results = zipfile.ZipFile(tmp_path / "results.zip")
    assert "contacts.csv" in listed
    assert results.read("contacts.csv").count(b"\n") == 29
    assert b"found 28 contacts" in results.read(".joborch/stdout.log")
    assert [*(site.home / "client" / "listener").iterdir()] != []


@pytest.mark.timeout(120)
def test_a_job_is_terminated_through_both(site: Site) -> None:
    form = {"user_id": "1", "service": "example"}
    sent = site.post("/upload", data=form, files={"file": ("run.sh", "echo begun; sleep 600")})
    job_id = sent.json()["id"]
    assert site.wait(job_id, until="running")["state"] == "running"

    answer = site.post(f"/terminate/{job_id}")

    assert answer.json()["message"] == "job terminated"
    assert site.wait(job_id)["state"] == "cancelled"


def test_the_image_is_made_of_files_that_are_there() -> None:
    for service in SERVICES.values():
        context = COMPOSE.parent / service["build"]["context"]
        recipe = (context / service["build"]["dockerfile"]).read_text()
        for line in re.findall(r"^COPY (.+) \S+$", recipe, re.MULTILINE):
            assert [name for name in line.split() if not (context / name).exists()] == []


def test_each_volume_and_network_is_declared() -> None:
    whole = yaml.safe_load(COMPOSE.read_text())
    for service in SERVICES.values():
        volumes = {volume.partition(":")[0] for volume in service["volumes"]}
        assert volumes <= whole["volumes"].keys()
        assert {*service["networks"]} <= whole["networks"].keys()


def shell(command: str, site: Site, directory: Path) -> str:
    here = command.replace("localhost:5000", f"127.0.0.1:{site.port}")
    ran = subprocess.run(
        ["bash", "-c", here], cwd=directory, capture_output=True, text=True, timeout=30, check=True
    )
    return ran.stdout
