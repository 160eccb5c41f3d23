import pytest

from joborch.domain import errors
from joborch.wire.problems import Problem, error_of, problem_of, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidRequestError("x"), 400),
        (errors.UnknownServiceError("x"), 422),
        (errors.TooLargeError("x"), 413),
        (errors.JobNotFoundError(7), 404),
        (errors.StaleJobError(7, 1, "stop"), 409),
        (errors.ResultsGoneError(7, "x"), 410),
        (errors.DiskFullError("x"), 507),
        (errors.StoreFailedError("x"), 503),
        (errors.JoborchError("x"), 500),
    ],
)
def test_an_error_has_the_status_of_its_kind(error: errors.JoborchError, status: int) -> None:
    assert status_of(error) == status


def test_an_error_comes_out_on_the_other_side_as_itself() -> None:
    sent = errors.UnknownServiceError("exmaple", ("example", "haddock"))
    received = error_of(problem_of(sent))
    assert isinstance(received, errors.UnknownServiceError)
    assert received.message == sent.message
    assert received.hint == sent.hint
    assert received.service == "exmaple"


def test_an_unknown_code_becomes_what_its_status_stands_for() -> None:
    received = error_of(Problem(title="t", status=409, code="from_the_future", detail="d"))
    assert isinstance(received, errors.ConflictError)
