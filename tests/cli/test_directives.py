"""What a script says about its own job."""

import json
from pathlib import Path

import pytest

from joborch.domain.errors import UnknownServiceError
from tests.client.test_submit import fields_of, files_of
from tests.support.command_line import Run
from tests.support.stub_server import StubServer, refuses, says
from tests.support.views import a_meta, a_submission

POST = "POST /api/v1/jobs"


@pytest.fixture
def taking(stub: StubServer) -> StubServer:
    """A server that takes job 42."""
    stub.on(POST, says(a_submission(42), status=201))
    stub.on("GET /api/v1/meta", says(a_meta("example")))
    return stub


ALL = """\
#!/bin/bash
# A comment, and then what the job wants.

#JOBORCH --service example -u 7 --name 'two words'
#JOBORCH --priority 0 -t run=night
#JOBORCH\t-e A=1 --env-file vars -i in.dat:data/in.dat
#JOBORCH --array 1-3%2 --time-limit 1h --max-attempts 2 --hold
#JOBORCHESTRA is another word
echo hello
"""


def test_options_at_the_head_of_a_script_are_read(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text(ALL)
    (home / "vars").write_text("# some\n\nB=2\nHOME\n")
    (home / "in.dat").write_text("data")

    done = joborch("submit", "run.sh")

    assert (done.code, done.err) == (0, "read 12 options from run.sh\n")
    assert fields_of(taking.heard[0]) == [
        ("service", "example"),
        ("user_id", "7"),
        ("name", "two words"),
        ("priority", "0"),
        ("array", "1-3%2"),
        ("time_limit", "3600.0"),
        ("max_attempts", "2"),
        ("hold", "yes"),
        ("tag", "run=night"),
        ("env", "B=2"),
        ("env", f"HOME={home.parent / 'home'}"),
        ("env", "A=1"),
    ]
    assert set(files_of(taking.heard[0])) == {"run.sh", "data/in.dat"}


def test_the_command_line_wins(taking: StubServer, joborch: Run, home: Path) -> None:
    (home / "run.sh").write_text(
        "#!/bin/sh\n#JOBORCH -s other -p 70 -t a=1 -t b=1 -e A=1 -e B=1 --begin 2099-01-01T00:00Z\n"
    )

    joborch("submit", "-s", "example", "-p", "0", "-t", "b=2", "-e", "A=2", "run.sh")

    fields = fields_of(taking.heard[0])
    assert ("service", "example") in fields
    assert ("priority", "0") in fields
    assert [value for name, value in fields if name == "tag"] == ["a=1", "b=2"]
    assert [value for name, value in fields if name == "env"] == ["A=2", "B=1"]
    assert ("begin", "2099-01-01T00:00:00+00:00") in fields


def test_the_variables_of_a_file_give_way_to_those_named_one_by_one(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    (home / "vars").write_text('A=file\nB="as it is" # too\r\n')

    joborch("submit", "-s", "example", "--env-file", "vars", "-e", "A=flag", "--", "true")

    env = [value for name, value in fields_of(taking.heard[0]) if name == "env"]
    assert env == ["A=flag", 'B="as it is" # too']


def test_every_wrong_line_of_an_environment_file_is_told(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    (home / "vars").write_text("A=1\nexport B=2\n3=C\n")

    done = joborch("submit", "-s", "example", "--env-file", "vars", "--", "true")

    assert done.code == 2
    assert "vars line 2: 'export B=2' is not KEY=VALUE; vars line 3: '3=C'" in done.err


def test_all_mistakes_are_told_with_their_lines(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text(
        "#!/bin/sh\n#JOBORCH --wait\n#JOBORCH -p 101\n#JOBORCH -n 'open\n#JOBORCH x\n#JOBORCH\n"
        "#JOBORCH --help\n"
    )

    done = joborch("submit", "-s", "example", "run.sh")

    assert done.code == 2
    assert taking.heard == []
    for told in (
        "run.sh line 2: No such option: --wait",
        "run.sh line 3: Invalid value for '-p'",
        "run.sh line 4: No closing quotation",
        "run.sh line 5: Got unexpected extra argument",
        "run.sh line 6: says nothing",
        "run.sh line 7: No such option: --help",
    ):
        assert told in done.err


def test_standard_input_and_directories_have_directives_too(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    script = "#!/bin/sh\n#JOBORCH -s example\n"
    (home / "dock").mkdir()
    (home / "dock" / "run.sh").write_text(script)

    assert joborch("submit", "-", stdin=script).err == "read 1 option from standard input\n"
    assert joborch("submit", "dock").err == "read 1 option from dock/run.sh\n"


def test_what_comes_too_late_or_for_another_scheduler_is_warned_about(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text("#!/bin/sh\n#SBATCH -n 1\ntrue\n#JOBORCH --bogus\n")

    done = joborch("submit", "-s", "example", "run.sh")

    assert done.code == 0
    assert "warning: run.sh line 4: #JOBORCH after the first command is not read" in done.err
    assert "hint: run.sh has #SBATCH lines" in done.err


def test_a_command_line_has_no_directives(taking: StubServer, joborch: Run) -> None:
    done = joborch("submit", "-s", "example", "--", "sh", "-c", "\n#JOBORCH --bogus\ntrue")

    assert (done.code, done.err) == (0, "")


def test_a_script_that_asks_for_an_array_is_not_run_as_one_job(
    taking: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text("#!/bin/sh\n#JOBORCH -a 1-3\n")

    assert joborch("run", "-s", "example", "run.sh").code == 2
    assert joborch("submit", "-s", "example", "-f", "run.sh").code == 2
    assert POST not in taking.paths()


def test_a_program_finds_nothing_but_the_error_on_stderr(
    stub: StubServer, joborch: Run, home: Path
) -> None:
    (home / "run.sh").write_text("#!/bin/sh\n#JOBORCH --priority 70\n")
    stub.on("GET /api/v1/meta", says(a_meta("example")))
    stub.on("POST /api/v1/jobs", refuses(UnknownServiceError("nosuch", ("example",))))

    done = joborch("submit", "-s", "nosuch", "--json", "run.sh")

    assert (done.code, done.out) == (6, "")
    (line,) = done.err.splitlines()
    assert json.loads(line)["error"]["code"] == "unknown_service"
