import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joborch.domain.names import check_file_name, check_job_name, check_user_id, place_named, shown


@pytest.mark.parametrize(
    "name",
    [
        "run.sh",
        "a/b.txt",
        "Ünïcode größe.pdb",
        "with space",
        "per%cent#hash",
        "..hidden",
        "x" * 255,
    ],
)
def test_an_ordinary_name_is_kept(name: str) -> None:
    assert check_file_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("../../etc/passwd", "leads out"),
        ("a/../../b", "leads out"),
        ("/etc/passwd", "is absolute"),
        ("C:evil", "is absolute"),
        ("a\\b", "backslash"),
        ("nul\0", "control character"),
        ("new\nline", "control character"),
        ("esc\x1b[2J", "control character"),
        ("c1\x9b", "control character"),
        ("exe.\u202efdp", "control character"),
        ("a//b", "empty"),
        ("./a", "'.' part"),
        ("a/", "empty"),
        ("x" * 256, "over 255 bytes"),
        ("é" * 128, "over 255 bytes"),
        ("/".join("d" * 33), "nested deeper"),
        (".joborch/stdout.log", "reserved"),
        (".JobOrch", "reserved"),
    ],
)
def test_a_dangerous_name_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_file_name(name)


@given(st.text(max_size=60))
def test_an_accepted_name_stays_below_the_directory(name: str) -> None:
    try:
        accepted = check_file_name(name)
    except ValueError:
        return
    parts = accepted.split("/")
    assert not accepted.startswith("/")
    assert all(part not in {"", ".", ".."} for part in parts)
    assert "\0" not in accepted


def test_a_refusal_shows_the_name_without_its_control_characters() -> None:
    assert shown("a\x1b]0;owned\x07") == r"'a\x1b]0;owned\x07'"


@pytest.mark.parametrize("user", ["1", "alice", "alice@uu.nl", "Jörg"])
def test_a_user_may_be_a_number_or_a_word(user: str) -> None:
    assert check_user_id(user) == user


@pytest.mark.parametrize("user", ["", "a b", "a/b", "x" * 129, "nul\0", "-1", ".hidden"])
def test_other_users_are_refused(user: str) -> None:
    with pytest.raises(ValueError, match="user_id"):
        check_user_id(user)


@pytest.mark.parametrize("name", ["", "x" * 201, "bell\a"])
def test_a_jobs_name_is_short_and_printable(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        check_job_name(name)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("dock-2oob 1.5+x@y", "dock-2oob 1.5+x@y"),
        ("../etc", "_._etc"),
        ("-rf", "_rf"),
        ("a/b\n$(c)", "a_b___c_"),
        ("ä" * 101, "ä" * 100),
    ],
)
def test_a_directory_is_named_after_a_job_without_harm(name: str, place: str) -> None:
    assert place_named(name) == place
