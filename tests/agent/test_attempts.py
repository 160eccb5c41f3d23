from pathlib import Path

import pytest

from joborch.agent.attempts import Attempt
from joborch.agent.payload import InvalidPayloadError
from tests.support.agent_link import a_file, a_lease


def test_an_attempt_that_was_made_loads(tmp_path: Path) -> None:
    made = Attempt.create(tmp_path / "7-1", a_lease("true"))
    loaded = Attempt.load(made.folder)
    assert loaded is not None
    assert loaded.lease == made.lease


def test_an_attempt_that_was_half_made_does_not_load(tmp_path: Path) -> None:
    """Its lease is written last: with it there are all the files that came along."""
    lease = a_lease("true", files=[a_file("../outside", "x")])
    with pytest.raises(InvalidPayloadError):
        Attempt.create(tmp_path / "7-1", lease)
    assert (tmp_path / "7-1" / "work").exists()
    assert Attempt.load(tmp_path / "7-1") is None
