"""The records of an attempt, read by this version or by another."""

import json
import os
from pathlib import Path
from types import MappingProxyType

import pytest

from joborch.agent.runner import records
from joborch.agent.runner.records import Cause, Ended, Spec, Started

SPEC = Spec(
    argv=("a", "b c"),
    env={"X": "é\n"},
    time_limit_s=1.5,
    grace_s=0,
    lease_file="/x",
    stop_after_s=9,
)
STARTED = Started(
    pid=1, start_ticks=2, boot_id="b", shim_pid=3, shim_start_ticks=4, started_at=5.25
)
ENDED = Ended(
    cause=Cause.TIMED_OUT,
    signal=9,
    started_at=1.5,
    ended_at=2.5,
    elapsed_s=1.0,
    cpu_s=0.5,
    max_rss_kb=7,
    detail="why",
)


def test_a_specification_is_read_as_written(tmp_path: Path) -> None:
    records.write_spec(tmp_path, SPEC)
    assert records.read_spec(tmp_path) == SPEC


def test_a_start_is_read_as_written(tmp_path: Path) -> None:
    records.write_started(tmp_path, STARTED)
    assert records.read_started(tmp_path) == STARTED


def test_an_end_is_read_as_written(tmp_path: Path) -> None:
    records.write_ended(tmp_path, ENDED)
    assert records.read_ended(tmp_path) == ENDED


def test_any_mapping_may_be_the_environment(tmp_path: Path) -> None:
    records.write_spec(tmp_path, Spec(env=MappingProxyType({"A": "b"})))
    assert records.read_spec(tmp_path).env == {"A": "b"}


def test_run_sh_is_what_runs_by_default(tmp_path: Path) -> None:
    (tmp_path / records.SPEC).write_text("{}")
    assert records.read_spec(tmp_path) == Spec(argv=("bash", "run.sh"), env={})


def test_unknown_fields_of_a_newer_version_are_left_out(tmp_path: Path) -> None:
    records.write_started(tmp_path, STARTED)
    content = json.loads((tmp_path / records.STARTED).read_text())
    (tmp_path / records.STARTED).write_text(json.dumps({**content, "cgroup": "/x"}))
    assert records.read_started(tmp_path) == STARTED


@pytest.mark.parametrize("content", ["", "{", "[]", "7", "{}", '{"pid": 1}', "[" * 100_000])
def test_what_is_no_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / records.STARTED).write_text(content)
    assert records.read_started(tmp_path) is None


def test_an_unknown_cause_is_no_record(tmp_path: Path) -> None:
    (tmp_path / records.EXIT).write_text('{"cause": "bored", "ended_at": 1}')
    assert records.read_ended(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "grace_s"),
    [('{"grace_s": 3}', 3.0), ('{"grace_s": null}', 10.0), ("", 10.0), ("[]", 10.0)],
)
def test_a_cancel_may_name_its_grace(tmp_path: Path, content: str, grace_s: float) -> None:
    (tmp_path / records.CANCEL).write_text(content)
    assert records.read_cancel(tmp_path, 10.0) == grace_s


def test_without_the_marker_there_is_no_cancel(tmp_path: Path) -> None:
    assert records.read_cancel(tmp_path, 10.0) is None
    records.write_cancel(tmp_path, 2)
    assert records.read_cancel(tmp_path, 10.0) == 2.0


def test_a_renewal_is_read_as_written(tmp_path: Path) -> None:
    records.write_renewal(tmp_path / "lease", 1234.5)
    assert records.read_renewal(tmp_path / "lease") == 1234.5
    assert records.read_renewal(tmp_path / "none") is None


def test_a_record_with_a_field_of_another_kind_is_none(tmp_path: Path) -> None:
    records.write_started(tmp_path, STARTED)
    content = json.loads((tmp_path / records.STARTED).read_text())
    (tmp_path / records.STARTED).write_text(json.dumps({**content, "started_at": "soon"}))
    assert records.read_started(tmp_path) is None


def test_what_a_job_puts_in_the_place_of_a_record_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / records.STARTED)
    (tmp_path / records.EXIT).symlink_to("elsewhere")
    (tmp_path / records.CANCEL).mkdir()
    os.mkfifo(tmp_path / "lease")
    assert records.has_started(tmp_path)
    assert records.read_started(tmp_path) is None
    assert records.read_ended(tmp_path) is None
    assert records.read_cancel(tmp_path, 10.0) == 10.0
    assert records.read_renewal(tmp_path / "lease") is None


def test_a_directory_in_the_place_of_a_record_hinders_no_writing(tmp_path: Path) -> None:
    for name in (records.CANCEL, records.EXIT):
        (tmp_path / name / "full").mkdir(parents=True)
    records.write_cancel(tmp_path, 2)
    records.write_ended(tmp_path, ENDED)
    assert records.read_cancel(tmp_path, 10.0) == 2.0
    assert records.read_ended(tmp_path) == ENDED
