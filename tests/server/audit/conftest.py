"""A site on which all is well, for tests to spoil."""

from pathlib import Path

import pytest

from tests.faults.a_good_site import GoodSite, a_good_site


@pytest.fixture
def site(tmp_path: Path) -> GoodSite:
    return a_good_site(tmp_path / "data")
