import gc

import pytest

from joborch.tui import garbage


@pytest.mark.parametrize(("known", "is_frozen"), [(garbage.MANY, False), (garbage.MANY + 1, True)])
def test_only_of_many_jobs_is_it_said_that_they_are_no_garbage(known: int, is_frozen: bool) -> None:
    made: list[list[int]] = [[1]]
    before = gc.get_freeze_count()
    try:
        garbage.settle(known)
        assert (gc.get_freeze_count() > before) == is_frozen
    finally:
        gc.unfreeze()
    assert made == [[1]]


def test_what_is_garbage_by_then_is_not_kept_for_ever() -> None:
    class Node:
        """In a cycle with itself."""

        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            freed.append(1)

    freed: list[int] = []
    gc.disable()
    try:
        Node()
        assert not freed
        garbage.settle(garbage.MANY + 1)
        assert freed
    finally:
        gc.enable()
        gc.unfreeze()
