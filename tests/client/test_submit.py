import asyncio
from pathlib import Path

import pytest

from joborch.client import Submission
from joborch.client.upload import MultipartBody
from joborch.domain.errors import IdempotencyError, InvalidRequestError
from tests.client.conftest import Ask
from tests.support.stub_server import Answer, Heard, StubServer, refuses, says
from tests.support.views import a_submission

SCRIPT = {"run.sh": b"echo hello"}


def test_a_submission_is_answered_with_its_jobs(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs", says(a_submission(42), status=201))

    submitted = ask(lambda server: server.submit(a_wish()))

    assert [job.id for job in submitted.jobs] == [42]


def test_all_wishes_travel_as_fields(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs", says(a_submission(42)))
    wish = a_wish(name="dock", priority=70, array="1-3", tags={"run": "night"}, is_held=True)

    ask(lambda server: server.submit(wish))

    fields = fields_of(stub.heard[0])
    assert fields == [
        ("service", "example"),
        ("user_id", "1"),
        ("name", "dock"),
        ("priority", "70"),
        ("array", "1-3"),
        ("hold", "yes"),
        ("tag", "run=night"),
    ]


def test_jobs_to_wait_for_travel_in_fields_that_a_server_reads(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs", says(a_submission(42)))
    wish = a_wish(after=[3, 1, 2, 9], after_any=[*range(0, 4000, 2)])

    ask(lambda server: server.submit(wish))

    fields = fields_of(stub.heard[0])
    assert [text for name, text in fields if name == "after"] == ["1-3,9"]
    many = [text for name, text in fields if name == "after_any"]
    assert ",".join(many) == ",".join(map(str, range(0, 4000, 2)))
    assert len(many) == 2


def test_every_submission_has_a_key_so_that_a_retry_makes_no_second_job(
    stub: StubServer, ask: Ask
) -> None:
    stub.on("POST /api/v1/jobs", Answer(status=503), says(a_submission(42)))

    ask(lambda server: server.submit(a_wish()))

    first, second = stub.heard
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] != ""
    assert first.body == second.body


def test_two_submissions_have_two_keys(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs", says(a_submission(42)))

    ask(lambda server: server.submit(a_wish()))
    ask(lambda server: server.submit(a_wish()))

    first, second = (heard.headers["idempotency-key"] for heard in stub.heard)
    assert first != second


def test_a_key_of_ones_own_is_kept_and_its_conflict_told(stub: StubServer, ask: Ask) -> None:
    stub.on("POST /api/v1/jobs", refuses(IdempotencyError("mine")))

    with pytest.raises(IdempotencyError):
        ask(lambda server: server.submit(a_wish(key="mine")))

    assert stub.heard[0].headers["idempotency-key"] == "mine"


def test_a_file_is_sent_as_it_is_on_disk(stub: StubServer, ask: Ask, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    (tmp_path / "in.dat").write_bytes(data)
    stub.on("POST /api/v1/jobs", says(a_submission(42)))
    wish = a_wish(files={**SCRIPT, "data/in.dat": tmp_path / "in.dat"})

    ask(lambda server: server.submit(wish))

    assert files_of(stub.heard[0]) == {"run.sh": b"echo hello", "data/in.dat": data}


def test_progress_ends_at_the_length_that_was_announced(
    stub: StubServer, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "in.dat").write_bytes(b"x" * 700_000)
    stub.on("POST /api/v1/jobs", says(a_submission(42)))
    wish = a_wish(files={**SCRIPT, "in.dat": tmp_path / "in.dat"})
    seen: list[tuple[int, int]] = []

    ask(lambda server: server.submit(wish, on_progress=lambda *step: seen.append(step)))

    length = int(stub.heard[0].headers["content-length"])
    assert seen[-1] == (length, length)
    assert seen == sorted(seen)
    assert len(stub.heard[0].body) == length


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("plain.txt", 'filename="plain.txt"'),
        ("Übung größe.txt", 'filename="Übung größe.txt"'),
        ('a "quoted" name', 'filename="a %22quoted%22 name"'),
        ("100% done", 'filename="100% done"'),
        ("sub/dir/file", 'filename="sub/dir/file"'),
        ("semi;colon=x", 'filename="semi;colon=x"'),
    ],
)
def test_a_file_name_is_written_as_browsers_do(name: str, header: str) -> None:
    body = written(MultipartBody([], {name: b"data"}, boundary="cut"))

    assert f'name="file"; {header}\r\n'.encode() in body


def test_a_line_end_cannot_break_out_of_its_header() -> None:
    body = written(MultipartBody([("na\r\nme", "x")], {}, boundary="cut"))

    assert b'name="na%0D%0Ame"\r\n\r\nx' in body


def test_a_name_that_would_be_read_as_another_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="%22"):
        MultipartBody([], {"50%22.txt": b""}, boundary="cut")


def test_the_announced_length_is_exact() -> None:
    body = MultipartBody([("ä", "ö")], {"ü.txt": b"123", "empty": b""}, boundary="cut")

    assert len(written(body)) == body.size_bytes


def test_all_mistakes_are_named_before_anything_is_sent(stub: StubServer, ask: Ask) -> None:
    wish = a_wish(files={"../up": b"", "gone": Path("/no/such/file")})

    with pytest.raises(InvalidRequestError) as caught:
        ask(lambda server: server.submit(wish))

    assert len(caught.value.mistakes) == 3
    assert stub.heard == []


def test_a_file_that_shrinks_on_the_way_is_an_error_not_a_short_upload(
    stub: StubServer, ask: Ask, tmp_path: Path
) -> None:
    path = tmp_path / "in.dat"
    path.write_bytes(b"x" * 1000)
    stub.on("POST /api/v1/jobs", says(a_submission(42)))
    body = MultipartBody([], {"in.dat": path}, boundary="cut")
    path.write_bytes(b"x")

    with pytest.raises(InvalidRequestError, match="became shorter"):
        written(body)


def a_wish(**changes: object) -> Submission:
    wishes: dict[str, object] = {"service": "example", "user_id": "1", "files": SCRIPT}
    return Submission(**(wishes | changes))  # type: ignore[arg-type]  # a test names real fields


def written(body: MultipartBody) -> bytes:
    async def gather() -> bytes:
        return b"".join([chunk async for chunk in body])

    return asyncio.run(gather())


def parts_of(heard: Heard) -> list[tuple[str, bytes]]:
    boundary = heard.headers["content-type"].partition("boundary=")[2].encode()
    pieces = heard.body.split(b"--" + boundary + b"\r\n")[1:]
    pieces[-1] = pieces[-1].removesuffix(b"--" + boundary + b"--\r\n")
    heads = (piece.partition(b"\r\n\r\n") for piece in pieces)
    return [(head.decode(), data.removesuffix(b"\r\n")) for head, _, data in heads]


def fields_of(heard: Heard) -> list[tuple[str, str]]:
    return [
        (head.partition('name="')[2].rstrip('"'), data.decode())
        for head, data in parts_of(heard)
        if "filename=" not in head
    ]


def files_of(heard: Heard) -> dict[str, bytes]:
    return {
        head.partition('filename="')[2].partition('"')[0]: data
        for head, data in parts_of(heard)
        if "filename=" in head
    }
