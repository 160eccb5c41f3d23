"""An original server's data, and a place for ours."""

from pathlib import Path

import pytest

from tests.server.importing.originals import Source


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "ours"
