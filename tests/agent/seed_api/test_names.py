"""Names as original servers and others write them into a multipart body."""

import pytest
from multipart import (  # type: ignore[import-untyped]  # it ships no annotations
    MultipartSegment,
    PushMultipartParser,
)

from joborch.agent.seed_api.names import path_of

LONG = "x" * 251 + ".pdb"


def part(disposition: str) -> MultipartSegment:
    head = f"--B\r\nContent-Disposition: form-data; {disposition}\r\n\r\ndata\r\n--B--\r\n"
    events = [*PushMultipartParser("B").parse(head.encode())]
    return next(event for event in events if isinstance(event, MultipartSegment))


@pytest.mark.parametrize(
    ("disposition", "path"),
    [
        ('name="run.sh"; filename="run.sh"', "run.sh"),
        ('name="a"; filename="a"', "a"),
        ('name="sub/deep/a.txt"; filename="a.txt"', "sub/deep/a.txt"),
        ("name*=utf-8''my%20file.pdb; filename=\"my file.pdb\"", "my file.pdb"),
        ("name*=utf-8''sub%2Fa%25%23.txt; filename=\"a%#.txt\"", "sub/a%#.txt"),
        ("name*=utf-8''%C3%BCber%2Fk%C3%A4se; filename=\"k\u00e4se\"", "\u00fcber/k\u00e4se"),
        (f'name="{LONG}"; filename="{LONG}"', LONG),
        ('name="file"; filename="run.sh"', "run.sh"),
        ('name="upload/x"; filename="run.sh"', "run.sh"),
        ('filename="run.sh"', "run.sh"),
    ],
)
def test_the_path_is_the_fields_name_if_it_ends_in_the_files(disposition: str, path: str) -> None:
    assert path_of(part(disposition)) == path


def test_a_part_without_a_filename_is_a_field() -> None:
    assert path_of(part('name="user_id"')) is None
