"""The recipes of docs/submitting.md, with real jobs."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.site import JOBORCH, Site

SCRIPT = (
    '#!/bin/sh\n#JOBORCH -s example\necho "$JOBORCH_ITEM: $(cat "$JOBORCH_ITEM")" > output.txt\n'
)


@pytest.fixture
def here(tmp_path: Path, site: Site) -> Path:
    """A directory with a script and two inputs, and an agent that has room for them."""
    site.agent("compute-1", service="example:4")
    folder = tmp_path / "here"
    (folder / "in").mkdir(parents=True)
    (folder / "run.sh").write_text(SCRIPT)
    for name in ("a", "b"):
        (folder / "in" / f"{name}.pdb").write_text(f"ATOM {name}")
    return folder


def shell(site: Site, here: Path, line: str) -> "subprocess.CompletedProcess[str]":
    """Type a line of the documentation into a shell."""
    return subprocess.run(
        ["bash", "-c", f'joborch() {{ {shlex.join(JOBORCH)} "$@"; }}; set -o pipefail; {line}'],
        capture_output=True,
        text=True,
        cwd=here,
        env=site.environment({"JOBORCH_SERVER": site.url}),
        timeout=55,
        check=False,
    )


def test_one_job_a_file_waited_for_and_fetched(site: Site, here: Path) -> None:
    line = (
        "joborch submit -q --each 'in/*.pdb' run.sh | joborch wait - --fail-fast"
        " && joborch fetch last -d out"
    )

    done = shell(site, here, line)

    assert done.returncode == 0, done.stderr
    written = sorted(path.read_text() for path in (here / "out").rglob("output.txt"))
    assert written == ["a.pdb: ATOM a\n", "b.pdb: ATOM b\n"]


def test_a_list_of_jobs_that_can_be_submitted_again(site: Site, here: Path) -> None:
    records = [{"key": f"run-{n}", "files": [f"in/{n}.pdb:in.pdb"], "who": n} for n in "ab"]
    (here / "jobs.ndjson").write_text("".join(json.dumps(record) + "\n" for record in records))
    (here / "who.sh").write_text("#!/bin/sh\necho $who $(cat in.pdb)\n")
    line = "joborch submit -s example --jsonl - --ledger sub.ndjson who.sh < jobs.ndjson"

    first, again = shell(site, here, line), shell(site, here, line)
    waited = shell(site, here, f"joborch wait {','.join(first.stdout.split())}")

    assert (first.returncode, again.stdout) == (0, first.stdout), first.stderr
    assert waited.returncode == 0
    logs = [shell(site, here, f"joborch logs {job_id}").stdout for job_id in first.stdout.split()]
    assert logs == ["a ATOM a\n", "b ATOM b\n"]


def test_a_sweep_waits_for_all_its_jobs_and_fetches_them(site: Site, here: Path) -> None:
    (here / "sweep.csv").write_text("seed,code\n1,0\n2,3\n")
    line = (
        "joborch submit -s example --csv sweep.csv --fetch out"
        " -- sh -c 'echo {seed} > seed.txt; exit $code'"
    )

    done = shell(site, here, line)

    assert done.returncode == 10, done.stderr
    assert sorted(path.read_text() for path in (here / "out").rglob("seed.txt")) == ["1\n", "2\n"]


def test_the_loop_of_250_jobs_is_one_line_and_one_request(site: Site, tmp_path: Path) -> None:
    line = (
        "joborch submit -q -u 1 -s example -a 1-250 - <<'END'\n"
        "#!/bin/bash\nsleep $((RANDOM % 36 + 25))\necho 'Computation complete!' > output.txt\nEND\n"
    )

    done = shell(site, tmp_path, line)

    assert len(done.stdout.split()) == 250, done.stderr
    page = site.get("/api/v1/jobs", params={"user": "1", "limit": 1}).json()
    assert page["total"] == 250
    assert site.job(int(done.stdout.split()[0]))["batch"] == "b-1"
