"""Tokens: where they are found, how they are kept, and whom they are shown."""

import asyncio
from pathlib import Path

import pytest

from joborch.client import Orchestrator, load_settings
from joborch.client.credentials import (
    address,
    find_token,
    forget,
    forget_all,
    goes_in_the_clear,
    store,
    stored,
)
from joborch.domain.errors import NotAllowedError, ReadOnlyError, ServerBrokenError, SettingsError
from tests.support.stub_server import Answer, StubServer, says
from tests.support.views import a_meta

SERVER = "https://orch.example.org"
TOKEN = "s3cret-token"


def test_a_stored_token_is_found_for_its_server_and_for_no_other(tmp_path: Path) -> None:
    store(file_in(tmp_path), SERVER, TOKEN)
    store(file_in(tmp_path), "http://127.0.0.1:5000", "another")

    assert found(tmp_path) == TOKEN
    assert found(tmp_path, server="http://127.0.0.1:5000/") == "another"
    assert found(tmp_path, server="https://orch.example.org.evil.net") is None
    assert found(tmp_path, server="http://orch.example.org") is None
    assert found(tmp_path, server=f"{SERVER}:444") is None


@pytest.mark.parametrize(
    ("server", "kept_as"),
    [
        ("https://Orch.Example.org/", "https://orch.example.org"),
        ("https://orch.example.org:443", "https://orch.example.org"),
        ("http://orch:80", "http://orch"),
        ("http://orch:8080/joborch/", "http://orch:8080/joborch"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("http://me:password@orch:5000", "http://orch:5000"),
    ],
)
def test_an_address_has_one_spelling(server: str, kept_as: str) -> None:
    assert address(server) == kept_as


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    store(file_in(tmp_path), SERVER, TOKEN)
    (tmp_path / "token").write_text("from-a-file\n")
    named = {"JOBORCH_TOKEN_FILE": str(tmp_path / "token")}

    assert found(tmp_path, **named) == "from-a-file"
    assert found(tmp_path, **named, JOBORCH_TOKEN="said") == "said"


def test_the_file_is_its_owners_only(tmp_path: Path) -> None:
    store(file_in(tmp_path), SERVER, TOKEN)

    assert file_in(tmp_path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_file_that_others_may_touch_is_not_read(tmp_path: Path, mode: int) -> None:
    store(file_in(tmp_path), SERVER, TOKEN)
    file_in(tmp_path).chmod(mode)

    with pytest.raises(SettingsError, match="others can read it") as caught:
        found(tmp_path)

    assert caught.value.hint == f"chmod 600 {file_in(tmp_path)}"


def test_who_has_a_token_from_elsewhere_does_not_need_the_file(tmp_path: Path) -> None:
    store(file_in(tmp_path), SERVER, TOKEN)
    file_in(tmp_path).chmod(0o644)

    assert found(tmp_path, JOBORCH_TOKEN="said") == "said"


@pytest.mark.parametrize("text", ["two words", "line\nline", "tök", "a\x00b"])
def test_what_cannot_be_a_token_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="JOBORCH_TOKEN holds no token"):
        found(tmp_path, JOBORCH_TOKEN=text)


def test_a_token_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        found(tmp_path, JOBORCH_TOKEN_FILE=str(tmp_path / "none"))


def test_a_token_is_forgotten_and_the_others_stay(tmp_path: Path) -> None:
    store(file_in(tmp_path), SERVER, TOKEN)
    store(file_in(tmp_path), "http://other", "kept")

    assert forget(file_in(tmp_path), SERVER)
    assert not forget(file_in(tmp_path), SERVER)
    assert stored(file_in(tmp_path)) == {"http://other": "kept"}


def test_all_are_forgotten_even_from_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    file_in(tmp_path).parent.mkdir(parents=True)
    file_in(tmp_path).write_text("[[[")
    file_in(tmp_path).chmod(0o600)

    with pytest.raises(SettingsError, match="cannot be understood"):
        found(tmp_path)
    assert forget_all(file_in(tmp_path))
    assert found(tmp_path) is None


def test_a_token_is_in_no_words_about_the_settings(tmp_path: Path) -> None:
    settings = load_settings(env={"HOME": str(tmp_path), "LOGNAME": "ada", "JOBORCH_TOKEN": TOKEN})

    assert settings.token
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize(
    ("server", "is_open"),
    [
        ("http://orch:5000", True),
        ("http://10.0.0.1", True),
        ("http://127.evil.net", True),
        ("http://127.0.0.1:5000", False),
        ("http://localhost", False),
        ("http://[::1]:5000", False),
        ("https://orch", False),
    ],
)
def test_a_token_in_the_clear_is_warned_of(tmp_path: Path, server: str, is_open: bool) -> None:
    env = {"HOME": str(tmp_path), "LOGNAME": "ada", "JOBORCH_SERVER": server}

    assert goes_in_the_clear(server) == is_open
    assert bool(load_settings(env={**env, "JOBORCH_TOKEN": TOKEN}).warnings) == is_open
    assert load_settings(env=env).warnings == ()


def test_a_token_goes_with_every_request(stub: StubServer) -> None:
    stub.on("GET /api/v1/meta", says(a_meta()))

    asyncio.run(meta_of(stub.url, token=TOKEN))

    assert [heard.headers["authorization"] for heard in stub.heard] == [f"Bearer {TOKEN}"]


def test_a_redirect_does_not_take_the_token_elsewhere(stub: StubServer) -> None:
    with StubServer().running() as elsewhere:
        target = {"Location": f"{elsewhere.url}/api/v1/meta"}
        stub.on("GET /api/v1/meta", Answer(status=307, headers=target))

        with pytest.raises(ServerBrokenError, match="to http"):
            asyncio.run(meta_of(stub.url, token=TOKEN))

        assert elsewhere.heard == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_whatever_stands_before_the_server_is_not_allowed(
    stub: StubServer, status: int
) -> None:
    stub.on("GET /api/v1/meta", Answer(status=status, body=b"<html>"))

    with pytest.raises(NotAllowedError) as caught:
        asyncio.run(meta_of(stub.url, token=TOKEN))

    assert TOKEN not in str(caught.value)


def test_a_client_that_only_looks_sends_nothing_that_changes_anything(stub: StubServer) -> None:
    stub.on("GET /api/v1/meta", says(a_meta()))

    async def look_and_cancel() -> None:
        async with Orchestrator(stub.url, is_read_only=True) as server:
            await server.meta()
            await server.cancel(42)

    with pytest.raises(ReadOnlyError):
        asyncio.run(look_and_cancel())
    assert stub.paths() == ["GET /api/v1/meta"]


async def meta_of(url: str, *, token: str) -> None:
    async with Orchestrator(url, token=token) as server:
        await server.meta()


def found(home: Path, *, server: str = SERVER, **env: str) -> str | None:
    token = find_token(server, {"HOME": str(home), **env})
    return token.text if token else None


def file_in(home: Path) -> Path:
    return home / ".config" / "joborch" / "credentials.toml"
