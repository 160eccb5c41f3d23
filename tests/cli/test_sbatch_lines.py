"""``joborch submit --sbatch``: a script of Slurm's says what it wants, and finds its variables."""

import subprocess
from pathlib import Path

import pytest

from joborch.cli.slurm.wrapper import SCRIPT, wrapper
from joborch.domain.arrays import parse_array
from tests.client.test_submit import fields_of, files_of
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, says
from tests.support.views import a_meta, a_submission

POST = "POST /api/v1/jobs"
TELL = 'echo "$SLURM_JOB_ID $SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID $SLURM_JOB_NAME"\n'


@pytest.fixture
def taking(stub: StubServer) -> StubServer:
    """A server that takes job 42."""
    stub.on(POST, says(a_submission(42), status=201))
    stub.on("GET /api/v1/meta", says(a_meta("example")))
    return stub


ALL = """\
#!/bin/bash
#SBATCH --job-name=dock --partition=example
#SBATCH -a 1-3%2 -t 01:30:00 # hours, minutes, seconds
#SBATCH --nice=20
#SBATCH --export=A=1,HOME
#SBATCH --hold --no-requeue
#SBATCH --begin=2099-01-01T00:00:00+00:00
echo hello
#SBATCH --mem=4G
"""


def test_the_lines_are_options(taking: StubServer, joborch: Run, home: Path) -> None:
    (home / "job.sh").write_text(ALL)

    done = joborch("submit", "--sbatch", "job.sh")

    assert (done.code, done.err) == (0, "read 6 #SBATCH lines from job.sh\n")
    assert fields_of(taking.heard[0]) == [
        ("service", "example"),
        ("user_id", "1"),
        ("name", "dock"),
        ("priority", "30"),
        ("array", "1-3%2"),
        ("time_limit", "5400.0"),
        ("max_attempts", "1"),
        ("hold", "yes"),
        ("begin", "2099-01-01T00:00:00+00:00"),
        ("env", "A=1"),
        ("env", f"HOME={home.parent / 'home'}"),
    ]


def test_the_script_comes_along_behind_one_that_sets_variables(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    (home / "job.sh").write_text(ALL)

    joborch("submit", "--sbatch", "job.sh")

    files = files_of(taking.heard[0])
    assert files[SCRIPT] == ALL.encode()
    assert b"SLURM_JOB_ID" in files["run.sh"]


def test_flags_win_over_our_own_lines_and_those_over_slurms(
    taking: StubServer, joborch: Run
) -> None:
    script = "#!/bin/sh\n#SBATCH -J one -p other -t 5\n#JOBORCH -n two -s example\ntrue\n"

    joborch("submit", "--sbatch", "-n", "three", "-", stdin=script)

    said = dict(fields_of(taking.heard[0]))
    assert (said["name"], said["service"], said["time_limit"]) == ("three", "example", "300.0")


def test_every_line_that_means_nothing_here_is_named_and_nothing_is_sent(
    stub: StubServer, joborch: Run
) -> None:
    script = "#!/bin/sh\n#SBATCH --mem=4G\n#SBATCH -J fine\n#SBATCH -o out.txt\n#SBATCH 'x\ntrue\n"

    done = joborch("submit", "--sbatch", "-s", "example", "-", stdin=script)

    assert (done.code, stub.heard) == (2, [])
    for told in (
        "standard input line 2: #SBATCH: --mem: joborch has no such thing",
        "standard input line 4: #SBATCH: -o: joborch has no such thing",
        "standard input line 5: #SBATCH: No closing quotation",
    ):
        assert told in done.err
    assert "fix: an agent's slots say how much a job gets" in done.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--export=ALL", "fix: name the variables"),
        ("-o %j.out", "fix: a job's output is kept with it: joborch logs ID -o FILE"),
        ("-t soon", "--time soon: not a time"),
        ("--nice=much", "--nice=much: not a whole number"),
        ("dock", "line 1: #SBATCH: dock is no flag"),
    ],
)
def test_what_a_line_should_say_instead_is_told(
    stub: StubServer, joborch: Run, line: str, told: str
) -> None:
    done = joborch("submit", "--sbatch", "-s", "example", "-", stdin=f"#SBATCH {line}\ntrue\n")

    assert (done.code, stub.heard) == (2, [])
    assert told in done.err


@pytest.mark.parametrize(
    ("nice", "priority"), [("--nice", "0"), ("--nice=-10", "60"), ("--nice=-999", "100")]
)
def test_who_is_nicer_goes_later(
    taking: StubServer, joborch: Run, nice: str, priority: str
) -> None:
    joborch("submit", "--sbatch", "-s", "example", "-", stdin=f"#!/bin/sh\n#SBATCH {nice}\ntrue\n")

    assert ("priority", priority) in fields_of(taking.heard[0])


def test_without_the_option_there_is_one_hint_and_the_script_is_as_it_was(
    taking: StubServer, joborch: Run
) -> None:
    script = "#!/bin/sh\n#SBATCH --mem=1\n#SBATCH -J dock\ntrue\n"

    done = joborch("submit", "-s", "example", "-", stdin=script)

    hint = "hint: standard input has #SBATCH lines, which are not read: --sbatch reads them\n"
    assert (done.code, done.err) == (0, hint)
    assert files_of(taking.heard[0]) == {"run.sh": script.encode()}


def test_a_command_line_has_no_lines_to_read(stub: StubServer, joborch: Run) -> None:
    assert joborch("submit", "--sbatch", "-s", "example", "--", "true").code == 2


def told_to(tmp_path: Path, script: bytes, **variables: str) -> str:
    """What the script tells that the wrapper becomes, in a job with these variables."""
    (tmp_path / SCRIPT).write_text(f"#!/bin/sh\n{TELL}")
    done = subprocess.run(
        ["/bin/sh", "-eu"],
        input=script,
        cwd=tmp_path,
        env={"JOBORCH_ARRAY_INDEX": "", "JOBORCH_BATCH_ID": "", "JOBORCH_SERVICE": "s"} | variables,
        capture_output=True,
        check=True,
        timeout=30,
    )
    return done.stdout.decode().rstrip("\n")


def test_a_single_job_has_its_number_and_no_array(tmp_path: Path) -> None:
    assert told_to(tmp_path, wrapper("my job"), JOBORCH_JOB_ID="42") == "42   my job"


@pytest.mark.parametrize("array", ["1-4%2", "0-12:4", "7,1-3,20-30:5,0"])
def test_every_job_of_an_array_knows_the_first(tmp_path: Path, array: str) -> None:
    script, indices = wrapper("dock", array=array), parse_array(array).indices
    told = [
        told_to(
            tmp_path,
            script,
            JOBORCH_JOB_ID=str(100 + place),
            JOBORCH_ARRAY_INDEX=str(index),
            JOBORCH_BATCH_ID="b-31",
        )
        for place, index in enumerate(indices)
    ]

    assert told == [f"{100 + place} 100 {index} dock" for place, index in enumerate(indices)]


def test_one_that_was_submitted_again_stands_alone(tmp_path: Path) -> None:
    again = {"JOBORCH_JOB_ID": "900", "JOBORCH_ARRAY_INDEX": "3"}

    assert told_to(tmp_path, wrapper("dock", array="1-4"), **again) == "900 900 3 dock"
