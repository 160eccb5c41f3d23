"""docs/slurm.md is true: each row of its table is run, through the function and as written."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from joborch.cli.exits import UsageError
from joborch.cli.slurm import columns, words
from joborch.cli.slurm.programs import PROGRAMS
from joborch.domain.states import JobState
from tests.support.command_line import Finished, Run
from tests.support.site import Site, a_site

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PAGE = (ROOT / "docs" / "slurm.md").read_text()
ROWS = re.findall(r"^\| `(s[^`]+)` \| (.+) \|$", PAGE, re.MULTILINE)
MAPPED = [(slurm, ours) for slurm, ours in ROWS if ours.startswith("`")]
GOES_ON = "goes on: "
ENDLESS = [(slurm, ours.removeprefix(GOES_ON)) for slurm, ours in ROWS if ours.startswith(GOES_ON)]
REFUSED = [slurm for slurm, ours in ROWS if not ours.startswith(("`", GOES_ON))]
SCRIPT = "#!/bin/bash\n#SBATCH --job-name=from-script\necho hello\n"

Slurm = Callable[..., Finished]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("site")) as running:
        running.serve("--service", "example:per_user=10")
        running.agent("compute-1")
        yield running


@pytest.fixture
def ours(joborch: Run, site: Site, home: Path) -> Run:
    """Run ``joborch`` as ann, beside a script, at a site whose agent takes jobs."""
    site.post("/api/v1/agents/compute-1/resume")
    (home / "run.sh").write_text(SCRIPT)

    def run(*arguments: str, stdin: str = "", typed: str = "", **variables: str) -> Finished:
        variables = {"JOBORCH_SERVER": site.url, "LOGNAME": "ann"} | variables
        return joborch(*arguments, stdin=stdin, typed=typed, **variables)

    return run


@pytest.fixture
def slurm(ours: Run) -> Slurm:
    """Run a program of Slurm's, as the shell functions do."""
    return lambda line, **but: ours("compat", "slurm", *shlex.split(line), **but)


FAR_AWAY = "2099-01-01T00:00:00Z"
WAITING = re.compile(r"\b(hold|update|set|cancel|scancel|sprio|explain|squeue)\b")


def with_a_job(line: str, site: Site) -> str:
    """Put a number in the place of ``ID``: of a job that the line can be about."""
    if re.search(r"\brelease\b", line):
        (job_id,) = site.submit(hold="yes")
    elif WAITING.search(line):
        (job_id,) = site.submit(begin=FAR_AWAY)
    else:
        (job_id,) = site.submit()
        site.wait(job_id)
    return line.replace("ID", str(job_id))


@pytest.mark.parametrize("line", [slurm for slurm, _ in MAPPED])
def test_each_row_is_done_by_the_function(slurm: Slurm, site: Site, line: str) -> None:
    site.submit(begin=FAR_AWAY)

    done = slurm(with_a_job(line, site))

    assert done.code == 0, done


@pytest.mark.parametrize("line", [ours.strip("`") for _, ours in MAPPED])
def test_each_row_is_done_by_what_joborch_calls_it(ours: Run, site: Site, line: str) -> None:
    site.submit(begin=FAR_AWAY)

    program, *rest = shlex.split(with_a_job(line, site))
    done = ours(*rest)

    assert program == "joborch"
    assert done.code == 0, done


@pytest.mark.parametrize(("line", "ours"), ENDLESS)
def test_each_row_that_goes_on_does_so_until_it_is_interrupted(
    env: dict[str, str], site: Site, line: str, ours: str
) -> None:
    site.submit(begin=FAR_AWAY)

    for command in (f"joborch compat slurm {line}", ours.strip("`")):
        process = subprocess.Popen(
            [sys.executable, "-m", *shlex.split(command)],
            env=env | {"JOBORCH_SERVER": site.url, "LOGNAME": "ann"},
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout and process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130


@pytest.mark.parametrize("line", REFUSED)
def test_what_joborch_has_not_is_refused_by_its_name(slurm: Slurm, site: Site, line: str) -> None:
    newest = site.submit(begin=FAR_AWAY)

    done = slurm(line.replace("ID", "1"))

    assert (done.code, done.out) == (2, "")
    assert shlex.split(line)[1].partition("=")[0] in done.err
    assert "fix: " in done.err
    assert site.submit(begin=FAR_AWAY) == [newest[0] + 1], "nothing was submitted meanwhile"


def test_the_page_has_a_row_for_every_function() -> None:
    assert len(MAPPED) > 30
    assert {line.split()[0] for line, _ in ROWS} == set(PROGRAMS)


def test_the_page_names_every_letter_and_field_that_is_understood() -> None:
    assert " ".join(f"%{letter}" for letter in "iAjuPtTMlDRrNQSVK") in PAGE
    assert set("iAjuPtTMlDRrNQSVK") == set(columns.COLUMNS)
    assert " ".join(head for head, _ in columns.FIELDS.values()) in PAGE


def test_a_script_finds_the_number_of_its_array_and_of_its_task(slurm: Slurm, site: Site) -> None:
    done = slurm("sbatch -a 3-4", stdin='#!/bin/sh\necho "$SLURM_JOB_ID:$SLURM_ARRAY_TASK_ID"\n')
    first = int(done.out.removeprefix("Submitted batch job "))

    site.wait(first)
    site.wait(first + 1)

    logs = [site.get(f"/api/v1/jobs/{job_id}/logs").text for job_id in (first, first + 1)]
    assert logs == [f"{first}:3\n", f"{first + 1}:4\n"]


def test_the_first_of_an_array_stands_for_all_of_it(slurm: Slurm) -> None:
    first = int(slurm("sbatch --parsable --hold -a 5-8 run.sh").out)
    everything = [str(first + at) for at in range(4)]

    assert slurm(f"squeue -h -o %i -j {first}").out.split() == everything
    assert slurm(f"squeue -h -o %i -j {first}_6").out.split() == everything[1:2]
    assert slurm(f"squeue -h -o %i -j {first}_[5,7-8]").out.split() == [
        everything[0],
        *everything[2:],
    ]
    assert slurm(f"squeue -h -o %i -j {first + 1}").out.split() == everything[1:2]
    assert slurm(f"scancel {first}").code == 0
    assert slurm(f"sacct -n -P -o State -j {first}").out.split() == ["CANCELLED"] * 4


def test_filters_count_for_numbers_too(slurm: Slurm, site: Site) -> None:
    (job_id,) = site.submit(begin=FAR_AWAY)

    assert slurm(f"squeue -h -o %i -j {job_id} -u ann").out == f"{job_id}\n"
    assert slurm(f"squeue -h -o %i -j {job_id} -u bob").out == ""
    assert slurm(f"scancel -u bob {job_id}").code == 0
    assert site.job(job_id)["state"] == "queued"


def test_what_squeue_hands_on_keeps_its_filters(slurm: Slurm, site: Site) -> None:
    (job_id,) = site.submit(begin=FAR_AWAY, user="carol")

    listed = slurm("squeue --start -u carol").out.splitlines()

    assert [line.split("\t")[0] for line in listed[1:]] == [str(job_id)]
    assert slurm("squeue --start -j 1").code == 2


def test_the_lines_of_a_script_are_flags_that_the_command_line_overrules(
    slurm: Slurm, site: Site
) -> None:
    script = (
        "#!/bin/sh\n#SBATCH -J from-script --hold\n#SBATCH -t 5 # minutes\ntrue\n#SBATCH --mem=1\n"
    )

    done = slurm("sbatch --parsable -J from-line", stdin=script)

    job = site.job(int(done.out))
    assert (job["name"], job["time_limit_s"], bool(job["held_at"])) == ("from-line", 300, True)


def test_a_line_of_a_script_that_cannot_be_obeyed_is_refused(slurm: Slurm) -> None:
    done = slurm("sbatch", stdin="#!/bin/sh\n#SBATCH --gres=gpu:1\ntrue\n")

    assert done.code == 2
    assert "--gres" in done.err


def test_a_script_gets_its_arguments(slurm: Slurm, site: Site, home: Path) -> None:
    (home / "greet.sh").write_text('#!/bin/sh\necho "$1, $2"\n')
    job_id = int(slurm("sbatch --parsable -W greet.sh hello 'my world'").out)

    assert site.get(f"/api/v1/jobs/{job_id}/logs").text.strip() == "hello, my world"


def test_waiting_and_running_end_as_the_job_does(slurm: Slurm) -> None:
    assert slurm("sbatch -W --wrap 'exit 7'").code == 7
    run = slurm("srun sh -c 'echo seen; exit 5'")
    assert (run.code, run.out) == (5, "seen\n")


def test_the_jobs_of_an_array_know_its_first(slurm: Slurm, site: Site) -> None:
    tell = "echo $SLURM_JOB_ID $SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID"
    first = int(slurm(f"sbatch -W --parsable -a 4-8:4 --wrap '{tell}'").out)

    logs = [site.get(f"/api/v1/jobs/{first + i}/logs").text.strip() for i in range(2)]
    assert logs == [f"{first} {first} 4", f"{first + 1} {first} 8"]


def test_submit_reads_a_script_of_slurms_too(ours: Run, site: Site) -> None:
    job_id = int(ours("submit", "--sbatch", "-s", "example", "-q", "-w", "run.sh").out)

    assert site.job(job_id)["name"] == "from-script"
    assert site.get(f"/api/v1/jobs/{job_id}/logs").text.strip() == "hello"


def test_nothing_to_cancel_is_no_failure_but_naming_nothing_is(slurm: Slurm) -> None:
    assert slurm("scancel -u nobody-at-all").code == 0
    assert slurm("scancel").code == 2


def test_the_environment_goes_along_only_by_name(slurm: Slurm, site: Site) -> None:
    job_id = int(
        slurm("sbatch -W --parsable --export=A=1,B --wrap 'echo $A$B$C'", B="2", C="3").out
    )

    assert site.get(f"/api/v1/jobs/{job_id}/logs").text.strip() == "12"
    assert slurm("sbatch --export=ALL run.sh").code == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("1:30", 90),
        ("1:30:00", 5400),
        ("01:00:00", 3600),
        ("2-12", 216000),
        ("1-0:30", 88200),
        ("1-00:00:30", 86430),
    ],
)
def test_time_limits_are_read_as_slurm_reads_them(text: str, seconds: int) -> None:
    assert words.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "0", "-5", "1:2:3:4"])
def test_what_is_no_time_limit_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        words.seconds(text)


NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("now+60", timedelta(seconds=60)),
        ("now+2hours", timedelta(hours=2)),
        ("now+1week", timedelta(weeks=1)),
        ("2026-11-24T15:00:00+00:00", timedelta(minutes=30)),
    ],
)
def test_times_to_begin_are_read_as_slurm_reads_them(text: str, later: timedelta) -> None:
    assert datetime.fromisoformat(words.begin(text, NOW)) == NOW + later


def test_a_time_of_day_that_is_over_is_tomorrows() -> None:
    local = NOW.astimezone()
    before, after = local - timedelta(minutes=1), local + timedelta(minutes=1)

    assert datetime.fromisoformat(words.begin(f"{before:%H:%M}", NOW)) == before + timedelta(days=1)
    assert datetime.fromisoformat(words.begin(f"{after:%H:%M}", NOW)) == after
    assert datetime.fromisoformat(words.begin("tomorrow", NOW)).date() > local.date()


@pytest.mark.parametrize("state", JobState)
def test_every_state_has_words_that_mean_it(state: JobState) -> None:
    assert words.states("squeue", words.code(state)) == state
    assert words.states("squeue", words.code(state, is_long=True).lower()) == state
    assert f"| {words.code(state)}" in PAGE
    assert f"| {words.code(state, is_long=True)} |" in PAGE


def test_a_state_that_no_job_is_ever_in_is_refused() -> None:
    with pytest.raises(UsageError, match="SUSPENDED"):
        words.states("squeue", "PD,SUSPENDED")


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(None, "0:00"), (41.7, "0:41"), (3727, "1:02:07"), (90000, "1-01:00:00")],
)
def test_running_times_are_written_as_slurm_writes_them(
    seconds: float | None, written: str
) -> None:
    assert words.elapsed(seconds) == written


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("squeue -O JobID", "-O"),
        ("squeue -o %Z", "%Z"),
        ("squeue 42", "42"),
        ("sacct -o MaxRSS", "maxrss"),
        ("scancel -s USR1 1", "USR1"),
        ("scancel abc", "abc"),
        ("scontrol suspend 1", "suspend"),
        ("scontrol update JobId=1 NumNodes=2", "numnodes"),
        ("scontrol update NodeName=compute-1 State=FAIL", "fail"),
        ("sinfo --long", "--long"),
        ("sbatch --time", "--time"),
        ("sshare", "sshare"),
    ],
)
def test_everything_else_is_refused_by_its_name(slurm: Slurm, line: str, named: str) -> None:
    done = slurm(line)

    assert (done.code, done.out) == (2, "")
    assert named in done.err


@pytest.mark.skipif(not (BIN / "joborch").exists(), reason="joborch is not installed beside Python")
def test_the_functions_work_in_a_shell(site: Site, tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text(SCRIPT)
    lines = (
        'eval "$(joborch compat slurm)"; sbatch run.sh && squeue -h -u nobody && scancel -u nobody'
    )

    done = subprocess.run(
        ["bash", "-c", lines],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=True,
        env=site.environment({"JOBORCH_SERVER": site.url, "PATH": f"{BIN}:{os.environ['PATH']}"}),
    )

    assert re.fullmatch(r"Submitted batch job \d+\n", done.stdout), done
