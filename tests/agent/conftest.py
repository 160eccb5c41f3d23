"""An agent's directory, in which nothing runs any more when the test has ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agents import end_all_attempts


@pytest.fixture
def work_dir(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "agent"
    yield path
    if path.exists():
        end_all_attempts(path)
