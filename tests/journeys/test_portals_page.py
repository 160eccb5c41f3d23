"""The programs on the page for portals, run as they stand there."""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.site import Site, a_site

PAGE = Path(__file__).parents[2] / "docs" / "portals.md"
PROGRAMS = re.findall(r"```(sh|python|javascript)\n(.*?)```", PAGE.read_text(), re.DOTALL)
COMMANDS = {"sh": ["bash", "-euo", "pipefail"], "python": [sys.executable], "javascript": ["node"]}
NEEDS = {"sh": ("curl", "jq"), "python": (), "javascript": ("node",)}
SAID = [
    ["job ID completed", "2 atoms"],
    ["job ID completed", "wrong_state: job ID is completed: cannot cancel it"],
    ["job ID completed", "job_not_found: there is no job ID"],
    ["job ID Completed"],
    ["job ID Completed", "500 could not terminate job"],
    ["job ID Completed", "500 could not terminate job"],
]
"""What each program prints, from above."""
RUN = (
    'cat input.pdb in/input.pdb 2>/dev/null | wc -l > output.txt; echo "$(cat output.txt) atoms"\n'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("portal")) as site:
        site.serve("--service", "example")
        site.agent(service="example:8")
        yield site


def without_names(text: str) -> list[str]:
    return re.sub(r"\bjob \d+", "job ID", text).splitlines()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("language", "program", "said"),
    [
        pytest.param(*found, said, id=f"{number}-{found[0]}")
        for number, (found, said) in enumerate(zip(PROGRAMS, SAID, strict=True), 1)
    ],
)
def test_a_program_of_the_page_runs(
    site: Site, tmp_path: Path, language: str, program: str, said: list[str]
) -> None:
    if missing := [name for name in NEEDS[language] if shutil.which(name) is None]:
        pytest.skip(f"there is no {missing[0]} here")
    (tmp_path / "run.sh").write_text(RUN)
    (tmp_path / "long.sh").write_text("sleep 600\n")
    (tmp_path / "input.pdb").write_text("ATOM\nATOM\n")
    (tmp_path / "program.mjs").write_text(program)

    ran = subprocess.run(
        [*COMMANDS[language], "program.mjs"],
        cwd=tmp_path,
        env=site.environment({"SERVER": site.url, "NO_PROXY": "*"}),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert without_names(ran.stdout)[: len(said)] == said
    assert zipfile.ZipFile(tmp_path / "results.zip").read("output.txt") == b"2\n"
