"""What of an environment may be shown."""

import pytest

from joborch.domain.secrets import masked


@pytest.mark.parametrize(
    "name", ["API_TOKEN", "aws_secret_access_key", "DB_PASSWORD", "PGPASSWD", "HTTP_AUTH"]
)
def test_what_is_called_a_secret_is_masked(name: str) -> None:
    assert masked({name: "s3cret"}) == {name: "***"}


def test_what_is_not_is_shown_by_name() -> None:
    assert [*masked({"THREADS": "4", "PATH_TO": "/data"}).items()] == [
        ("PATH_TO", "/data"),
        ("THREADS", "4"),
    ]


def test_a_password_within_a_url_is_masked() -> None:
    assert masked({"DB": "postgres://ann:s3cret@db/x"}) == {"DB": "postgres://ann:***@db/x"}
