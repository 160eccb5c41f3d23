import os
from pathlib import Path

import pytest

from joborch.process.lock import LockedError, directory_lock


def test_a_directory_has_one_holder_who_is_named(tmp_path: Path) -> None:
    path = tmp_path / "server.lock"
    named = f"the server at http://here, process {os.getpid()}"
    with (
        directory_lock(path, "the server at http://here"),
        pytest.raises(LockedError, match=named),
        directory_lock(path, "another"),
    ):
        pytest.fail("it has two holders")


def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "server.lock"
    with directory_lock(path, "first"):
        pass
    with directory_lock(path, "second"):
        assert path.read_text().startswith("second")
