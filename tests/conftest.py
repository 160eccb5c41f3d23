"""In which order the tests run, and how often a test's garbage is looked for."""

import gc

import pytest

FOLDERS = ("journeys", "tui", "agent", "server", "cli")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal out modules of each folder in turn: some of them compute while others wait.

    Were it folder by folder, all workers would wait in the journeys, and then all compute.
    """
    modules: dict[str, dict[str, int]] = {}

    def turn(item: pytest.Item) -> tuple[int, int]:
        module = item.nodeid.partition("::")[0]
        folder = module.removeprefix("tests/").partition("/")[0]
        turns = modules.setdefault(folder, {})
        rank = FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS)
        return turns.setdefault(module, len(turns)), rank

    items.sort(key=turn)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for garbage among what tests leave, not again and again in all that is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
