"""In which order the tests run: those that take long begin first, and the quick fill the gaps."""

import pytest

LONGEST_FIRST = ("journeys", "tui", "agent", "server", "cli")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep several workers busy to the end: what starts last should not be what ends last."""

    def rank(item: pytest.Item) -> int:
        folder = item.nodeid.removeprefix("tests/").partition("/")[0]
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=rank)
