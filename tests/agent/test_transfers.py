"""Which refusals of an upload are final, and which are passing."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from joborch.agent.attempts import Attempt
from joborch.agent.transfers import Transfers
from joborch.domain.errors import (
    AgentNotFoundError,
    ConflictError,
    InvalidRequestError,
    JoborchError,
    NotFoundError,
    RequestError,
    ServerBrokenError,
    StaleJobError,
    TooLargeError,
)
from joborch.wire.problems import Problem, error_of
from tests.support.agent_link import AWAY, ScriptedLink, a_lease

TIMED_OUT = Problem(title="request timeout", status=408, code="timeout")
"""What a server says to an upload that came to a halt, as on a host that slept."""


def upload(work_dir: Path, error: JoborchError) -> ScriptedLink:
    """Upload results; the first try meets this error."""
    attempt = Attempt.create(work_dir / "7-1", a_lease())
    attempt.results_path.write_bytes(b"results")
    link = ScriptedLink()
    link.fail("upload_results", error)
    asyncio.run(Transfers(link).upload_results(attempt))
    return link


@pytest.mark.parametrize(
    "error",
    [
        lambda: AWAY,
        lambda: ServerBrokenError("502 from a proxy"),
        lambda: AgentNotFoundError("a-1"),
        lambda: ConflictError("the upload stands at byte 7"),
        lambda: RequestError("411 from a proxy"),
        lambda: error_of(TIMED_OUT),
    ],
)
def test_results_are_sent_again_after_a_passing_refusal(
    tmp_path: Path, error: Callable[[], JoborchError]
) -> None:
    assert upload(tmp_path, error()).uploads == {(7, 1): b"results"}


@pytest.mark.parametrize(
    "error",
    [
        StaleJobError(7, 1, "discard"),
        TooLargeError("at most 5 bytes"),
        NotFoundError("there is no job 7"),
        InvalidRequestError("offset: not a number"),
    ],
    ids=lambda error: error.code,
)
def test_a_refusal_by_the_server_itself_is_final(tmp_path: Path, error: JoborchError) -> None:
    with pytest.raises(type(error)):
        upload(tmp_path, error)
