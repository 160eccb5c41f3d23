"""config: showing settings and changing the file that people wrote."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import Run
from tests.support.stub_server import StubServer, says
from tests.support.views import a_job_view, a_page

WRITTEN = """\
# mine
[defaults]            # for all
service = "example"   # the usual
timeout = "10s"

[profile.prod]
server = "http://prod:5000"
"""


@pytest.fixture
def file(home: Path) -> Path:
    """A configuration that a person wrote, with comments."""
    path = home.parent / "home" / ".config" / "joborch" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(WRITTEN)
    return path


@pytest.fixture(autouse=True)
def no_server_named(env: dict[str, str]) -> None:
    del env["JOBORCH_SERVER"]


def test_a_value_is_changed_and_everything_else_stays(file: Path, joborch: Run) -> None:
    assert joborch("config", "set", "service", "haddock").code == 0

    assert file.read_text() == WRITTEN.replace('"example"', '"haddock"')


def test_a_value_of_a_profile_is_set_by_name_or_by_option(file: Path, joborch: Run) -> None:
    joborch("config", "set", "user_id", "1", "-P", "prod")
    joborch("config", "set", "profile.dev.server", "http://dev:5000")

    assert file.read_text().startswith(WRITTEN + 'user_id = "1"\n')
    assert joborch("config", "get", "profile.prod.user_id").out == "1\n"
    assert joborch("config", "get", "server", "-P", "dev").out == "http://dev:5000\n"


def test_what_the_dashboard_is_told_is_set_as_a_person_would_write_it(
    file: Path, joborch: Run
) -> None:
    for key, value in (("hz", "2"), ("mouse", "false"), ("columns", "id,run"), ("theme", "nord")):
        assert joborch("config", "set", f"top.{key}", value).code == 0
    assert joborch("config", "set", "top.keys.job.cancel", "X").code == 0

    written = file.read_text().removeprefix(WRITTEN)
    assert written.split("\n\n")[0].splitlines() == [
        "",
        "[top]",
        "hz = 2.0",
        "mouse = false",
        'columns = ["id", "run"]',
        'theme = "nord"',
    ]
    assert joborch("config", "get", "top.columns").out == "id,run\n"
    assert joborch("config", "get", "top.keys.job.cancel").out == "X\n"
    assert "[top.keys] in" in joborch("config", "show-origin", "top.keys.job.cancel").out
    assert joborch("config", "unset", "top.keys.job.cancel").code == 0
    assert joborch("config", "show-origin", "top.keys.job.cancel").code == 3


def test_tables_may_stand_in_any_order(file: Path, joborch: Run) -> None:
    file.write_text('[profile.a]\nserver = "http://a"\n[alias]\n[profile.b]\nuser = "2"\n')

    joborch("config", "set", "profile.c.server", "http://c")
    joborch("config", "set", "profile.a.server", "http://d")
    joborch("config", "set", "defaults.service", "example")
    joborch("config", "set", "profile.b.user", "3")

    assert joborch("config", "get", "profile.c.server").out == "http://c\n"
    assert joborch("config", "get", "profile.a.server").out == "http://d\n"
    assert joborch("config", "get", "profile.b.user").out == "3\n"
    assert joborch("config", "unset", "profile.b.user_id").code == 0
    assert "user" not in file.read_text()


def test_a_first_setting_makes_the_file_for_its_owner_only(home: Path, joborch: Run) -> None:
    assert joborch("config", "set", "service", "example").code == 0

    path = Path(joborch("config", "path").out.strip())
    assert path.read_text() == '[defaults]\nservice = "example"\n'
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_mode_and_a_link_are_kept(file: Path, home: Path, joborch: Run) -> None:
    file.chmod(0o644)
    real = home / "dotfiles.toml"
    file.rename(real)
    file.symlink_to(real)

    joborch("config", "set", "service", "haddock")

    assert file.is_symlink()
    assert "haddock" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("servre", "x", "there is no setting 'servre'; is 'server' meant?"),
        ("profil.prod.server", "http://x", "there is no table 'profil'; is 'profile' meant?"),
        ("profile.server", "http://x", "'profile.server' is no key"),
        ("defaults.prod.server", "http://x", "'defaults.prod.server' is no key"),
        ("server", "prod:5000", "is not like http://HOST:PORT"),
        ("timeout", "soon", "timeout 'soon' is not a duration"),
        ("readonly", "maybe", "is neither true nor false"),
        ("user_id", "a b", "user"),
        ("profile", "nope", "there is no profile 'nope'"),
        ("top.hz", "1000", "hz '1000' is no number"),
        ("top.mouse", "off", "mouse 'off' is neither true nor false"),
        ("top.colums", "id", "there is no setting 'colums'; is 'columns' meant?"),
        ("top.theme.dark", "nord", "there is no setting 'theme'"),
        ("alias.status", "wait", "status is a command"),
        ("alias.mine", "sttaus -A", "does not begin with a command"),
    ],
)
def test_what_would_not_work_is_refused(
    file: Path, joborch: Run, key: str, value: str, told: str
) -> None:
    done = joborch("config", "set", key, value)

    assert done.code == 2
    assert told in done.err
    assert file.read_text() == WRITTEN


def test_a_value_is_removed_with_its_line_only(file: Path, joborch: Run) -> None:
    assert joborch("config", "unset", "timeout").code == 0

    assert file.read_text() == WRITTEN.replace('timeout = "10s"\n', "")
    assert joborch("config", "unset", "timeout").code == 3


def test_a_profile_is_used_from_then_on(file: Path, joborch: Run) -> None:
    assert joborch("config", "use", "prod").code == 0

    assert joborch("config", "get", "server").out == "http://prod:5000\n"
    assert joborch("config", "use", "wrok").code == 2


def test_what_is_in_effect_is_listed_with_where_it_comes_from(file: Path, joborch: Run) -> None:
    done = joborch("config", "show-origin", "-P", "prod", JOBORCH_TIMEOUT="5s")

    assert done.out.splitlines() == [
        "key\tvalue\torigin",
        "hints\ttrue\tbuilt-in",
        "profile\tprod\t--profile",
        "readonly\tfalse\tbuilt-in",
        f"server\thttp://prod:5000\t[profile.prod] in {file}",
        f"service\texample\t[defaults] in {file}",
        "time_format\trelative\tbuilt-in",
        "timeout\t5s\tJOBORCH_TIMEOUT",
        "user_id\t1\tlogin name",
    ]


def test_one_setting_is_shown_with_its_origin(file: Path, joborch: Run) -> None:
    done = joborch("config", "show-origin", "server", "--json", "-S", "http://flag:1")

    [item] = json.loads(done.out)["items"]
    assert item == {"key": "server", "value": "http://flag:1", "origin": "--server"}


def test_a_list_for_people_has_no_origins(file: Path, joborch: Run) -> None:
    done = joborch("config", "list", "--format", "plain")

    assert done.out.splitlines()[0].split() == ["KEY", "VALUE"]


def test_what_is_not_set_is_not_found(joborch: Run) -> None:
    assert joborch("config", "get", "service").code == 3
    assert joborch("config", "get", "profile.prod.server").code == 3


def test_a_token_is_never_listed(file: Path, joborch: Run) -> None:
    done = joborch("config", "list", "--json", JOBORCH_TOKEN="s3cret")

    assert "s3cret" not in done.out + done.err


def test_a_file_is_edited_with_the_persons_editor(file: Path, joborch: Run) -> None:
    done = joborch("config", "edit", EDITOR="sed -i s/example/haddock/")

    assert done.code == 0
    assert file.read_text() == WRITTEN.replace("example", "haddock")
    assert list(file.parent.iterdir()) == [file]


def test_an_edit_that_would_not_be_understood_is_not_taken_over_and_not_lost(
    file: Path, joborch: Run
) -> None:
    done = joborch("config", "edit", EDITOR="sed -i 's/\\[defaults\\]/[defaults/'")

    assert done.code == 2
    assert file.read_text() == WRITTEN
    copy = Path(done.err.rpartition("is in ")[2].strip())
    assert copy.read_text() == WRITTEN.replace("[defaults]", "[defaults")


def test_a_broken_file_can_be_mended_with_the_editor(file: Path, joborch: Run) -> None:
    file.write_text("[defaults\n")

    assert joborch("config", "set", "service", "x").code == 2
    assert joborch("config", "edit", EDITOR="sed -i 's/$/]/'").code == 0
    assert file.read_text() == "[defaults]\n"


@pytest.mark.parametrize("editor", ["no-such-editor-here", "false"])
def test_an_editor_that_fails_changes_nothing(file: Path, joborch: Run, editor: str) -> None:
    assert joborch("config", "edit", EDITOR=editor).code in {1, 2}
    assert file.read_text() == WRITTEN


@pytest.mark.parametrize(
    "arguments", [["sett"], ["set", "service"], ["get"], ["list", "x"], ["use", "a", "b"]]
)
def test_a_wrong_command_is_answered_with_the_right_form(
    joborch: Run, arguments: list[str]
) -> None:
    done = joborch("config", *arguments)

    assert done.code == 2
    assert "joborch config" in done.err or "it can list" in done.err


def test_an_alias_is_a_command_of_ones_own(file: Path, joborch: Run, stub: StubServer) -> None:
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(7))))
    joborch("config", "set", "alias.mine", "status --state 'queued' -q")

    done = joborch("mine", "--server", stub.url)

    assert (done.code, done.out) == (0, "7\n")
    assert stub.heard[0].query["state"] == "queued"


def test_an_alias_stands_for_a_command_and_not_for_another_alias(file: Path, joborch: Run) -> None:
    file.write_text('[alias]\nmine = "yours"\nyours = "status"\nempty = ""\ntorn = "status \'"\n')

    assert joborch("mine").code == 2
    assert joborch("empty").code == 2
    assert joborch("torn").code == 2


def test_a_command_is_never_hidden_by_an_alias(file: Path, joborch: Run) -> None:
    file.write_text('[alias]\nconfig = "status"\n')

    assert joborch("config", "path").out == f"{file}\n"


def test_a_read_only_profile_changes_nothing_unless_it_is_said_so(
    file: Path, joborch: Run, stub: StubServer
) -> None:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42)))
    stub.on("GET /api/v1/jobs", says(a_page(a_job_view(42))))
    stub.on("POST /api/v1/jobs/42/hold", says(a_job_view(42)))
    file.write_text(f'[profile.prod]\nserver = "{stub.url}"\nreadonly = true\n')

    looked = joborch("status", "42", "-P", "prod")
    refused = joborch("hold", "42", "-P", "prod", "--yes")

    assert looked.code == 0
    assert refused.code == 6
    assert refused.err.splitlines() == [
        f"error: nothing is to be changed on {stub.url} from here",
        f"  why: readonly is set: [profile.prod] in {file}",
        "  fix: add --write to do it nevertheless",
    ]
    assert {heard.method for heard in stub.heard} == {"GET"}

    joborch("hold", "42", "-P", "prod", "--yes", "--write")
    assert "POST" in {heard.method for heard in stub.heard}


def test_the_sites_file_is_read_below_the_persons_own(file: Path, home: Path, joborch: Run) -> None:
    site = home / "site.toml"
    site.write_text('[defaults]\nserver = "http://site:5000"\nservice = "theirs"\n')

    done = joborch("config", "show-origin", JOBORCH_SITE_CONFIG=str(site))

    assert f"server\thttp://site:5000\t[defaults] in {site}" in done.out
    assert f"service\texample\t[defaults] in {file}" in done.out
