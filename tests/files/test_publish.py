from pathlib import Path

from joborch.files.atomic import publish
from tests.support.disk import watched


def test_a_file_is_flushed_before_it_has_its_name_and_the_name_after(tmp_path: Path) -> None:
    (tmp_path / "final").mkdir()
    (tmp_path / "written").write_bytes(b"whole")
    with watched(tmp_path) as noted:
        publish(tmp_path / "written", tmp_path / "final" / "name")
    assert noted == ["flush written", "rename final/name", "flush final"]
    assert (tmp_path / "final" / "name").read_bytes() == b"whole"
