from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.site import Site, a_site


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.journey)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server for the service ``example``, and no agent yet."""
    with a_site(tmp_path) as made:
        made.serve("--service", "example")
        yield made
