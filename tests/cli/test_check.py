"""``joborch check``: what an operator reads, and a program."""

import json
from pathlib import Path

import pytest

from tests.faults.a_good_site import GoodSite, a_good_site, publish
from tests.support.command_line import Run


@pytest.fixture
def site(tmp_path: Path) -> GoodSite:
    return a_good_site(tmp_path / "data")


def test_a_site_on_which_all_is_well_is_told_line_by_line(site: GoodSite, joborch: Run) -> None:
    done = joborch("check", "--data", str(site.data), "-s", "fast:per_user=1")
    assert done.code == 0
    assert done.err == ""
    assert done.out.splitlines()[0].startswith(
        f"{site.data}: 1 jobs, 0 of them unfinished, 8 events, 1 payloads, 1 archives ("
    )
    assert done.out.splitlines()[1:] == [
        "I1  ok          a job ends once, and nothing moves it after that",
        "I2  ok          a job's events lead, by the table of states, to where it is",
        "I3  ok          no user, service or batch ever held more than its limit",
        "I4  ok          attempts count up by one, and the newest ended the job",
        "I5  ok          results are stored as they were recorded",
        "I6  not seen    an attempt runs once, and never beside another of its job",
        "                only the agents' hosts know",
        "I7  not seen    nothing that an ended job started is alive",
        "                only the agents' hosts know",
        "I8  ok          what was accepted is there, exactly once",
        "I9  ok          counters are what one counts",
        "I10 ok          the database is sound, and needs every file and has it",
        "I11 ok          every job comes to its end",
    ]


def test_what_was_only_looked_at_in_part_is_told_as_such(site: GoodSite, joborch: Run) -> None:
    done = joborch("check", "--data", str(site.data), "--quick")
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[lines.index("I5  in part     results are stored as they were recorded") + 1] == (
        "                sizes only; nothing was hashed"
    )


def test_what_is_wrong_is_told_with_the_job_and_what_to_do(site: GoodSite, joborch: Run) -> None:
    site.archive.unlink()
    site.spoil("UPDATE jobs SET losses = 7, finished_at = 1 << 60")
    done = joborch("check", "--data", str(site.data))
    assert done.code == 1
    assert "I5  1 found     results are stored as they were recorded" in done.out
    assert done.out.splitlines()[-4:] == [
        "I5 job 1: its results are missing",
        "  fix: restore it from a copy of the data directory; without one, submit the job again",
        "I9 job 1: was lost 7 times, by its events 1",
        "  fix: keep a copy of the database and report this;"
        " nothing but a bug or a failing disk does it",
    ]


def test_what_is_only_noted_is_no_failure(site: GoodSite, joborch: Run) -> None:
    publish(site.archive.with_name("1-1.zip"), {})
    done = joborch("check", "--data", str(site.data))
    assert done.code == 0
    assert done.out.splitlines()[-2:] == [
        "note I10 results: 1-1.zip belongs to nobody",
        "  fix: nothing to do: the server removes it at its next start",
    ]


def test_of_many_findings_a_person_sees_the_first(site: GoodSite, joborch: Run) -> None:
    for number in range(25):
        publish(site.archive.with_name(f"{number}-9.zip"), {})
    done = joborch("check", "--data", str(site.data))
    assert done.out.splitlines()[-1] == "  and 5 more of I10"
    assert done.out.count("belongs to nobody") == 20


def test_a_program_gets_one_document(site: GoodSite, joborch: Run) -> None:
    site.archive.unlink()
    site.spoil("UPDATE jobs SET finished_at = 1 << 60")
    done = joborch("check", "--data", str(site.data), "--json")
    document = json.loads(done.out)
    assert done.code == 1
    assert document["violations"] == [
        {
            "invariant": "I5",
            "job_id": 1,
            "message": "its results are missing",
            "remedy": "restore it from a copy of the data directory;"
            " without one, submit the job again",
        }
    ]
    assert [one["id"] for one in document["invariants"] if one["violations"]] == ["I5"]
    described = {key: value for key, value in document.items() if not isinstance(value, list)}
    assert described == {
        "version": 1,
        "data": str(site.data),
        "database": str(site.path),
        "server": None,
        "ok": False,
        "counts": {
            "jobs": 1,
            "unfinished": 0,
            "events": 8,
            "payloads": 1,
            "archives": 1,
            "hashed_bytes": 0,
        },
    }


def test_the_data_are_found_as_the_server_finds_them(
    site: GoodSite, joborch: Run, tmp_path: Path
) -> None:
    file = tmp_path / "server.toml"
    file.write_text(f'data = "{site.data}"\n')
    assert joborch("check", "--config", str(file)).code == 0
    assert joborch("check", JOBORCH_DATA=str(site.data)).code == 0
    assert joborch("check", "--data", "elsewhere", "--db", str(site.path), "--quick").code == 1


def test_without_data_nothing_was_found(joborch: Run) -> None:
    done = joborch("check", "--data", "nowhere")
    assert done.code == 3
    assert done.err.splitlines()[0] == "error: there is no database at nowhere/joborch.db"


def test_a_database_of_another_version_is_refused(site: GoodSite, joborch: Run) -> None:
    site.spoil("UPDATE alembic_version SET version_num = '9999'")
    done = joborch("check", "--data", str(site.data))
    assert done.code == 6
    assert done.err.startswith("error: the database has schema 9999, this joborch knows 0")


def test_what_is_no_database_is_refused(site: GoodSite, joborch: Run) -> None:
    site.path.write_bytes(b"this is no database at all" * 1000)
    done = joborch("check", "--data", str(site.data))
    assert done.code == 6
    assert "no database of joborch, or too damaged" in done.err


def test_wrong_settings_are_a_mistake_of_usage(joborch: Run) -> None:
    done = joborch("check", "--max-age", "soon")
    assert done.code == 2
    assert "--max-age='soon'" in done.err


def test_hashing_much_is_shown_as_it_goes(site: GoodSite, at_terminal: Run) -> None:
    site.keep(bytes(8 * 1024 * 1024))
    done = at_terminal("check", "--data", str(site.data))
    assert "checking results · 100% of 8.0 MiB" in done.out
