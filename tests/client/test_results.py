from pathlib import Path

import pytest

from joborch.client import Orchestrator
from joborch.domain.errors import NotFinishedError, ServerBrokenError, ServerUnreachableError
from joborch.domain.states import JobState
from joborch.wire.jobs import FileList, FileView
from tests.client.conftest import Ask
from tests.support.stub_server import Answer, StubServer, ranged, refuses, says, sends
from tests.support.views import a_job_view, a_zip, files_of, results_of, zip_of

DONE = JobState.COMPLETED
ZIP = a_zip(output_txt=b"Computation complete!\n" * 10_000)
FILES = "GET /api/v1/jobs/42/files"


@pytest.fixture
def finished(stub: StubServer) -> StubServer:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, DONE, results=results_of(ZIP))))
    return stub


def test_results_are_unpacked_and_nothing_else_stays(
    finished: StubServer, ask: Ask, tmp_path: Path
) -> None:
    finished.on("GET /api/v1/jobs/42/results", sends(ZIP))

    names = ask(lambda server: server.fetch(42, tmp_path / "out"))

    assert names == ["output.txt"]
    assert (tmp_path / "out" / "output.txt").stat().st_size == 220_000
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_torn_download_goes_on_where_it_broke_off(
    finished: StubServer, ask: Ask, tmp_path: Path
) -> None:
    torn = Answer(body=ZIP, cut_after=100_000)
    finished.on("GET /api/v1/jobs/42/results", torn, ranged(ZIP))

    ask(lambda server: server.download(42, tmp_path / "out.zip"))

    assert (tmp_path / "out.zip").read_bytes() == ZIP
    assert finished.heard[-1].headers["range"] == "bytes=100000-"


def test_another_invocation_goes_on_too(finished: StubServer, ask: Ask, tmp_path: Path) -> None:
    torn = Answer(body=ZIP, cut_after=50_000)
    nothing = Answer(status=206, body=ZIP[50_000:], cut_after=0)
    finished.on("GET /api/v1/jobs/42/results", torn, nothing, nothing, nothing, ranged(ZIP))
    with pytest.raises(ServerUnreachableError):
        ask(lambda server: server.download(42, tmp_path / "out.zip"))

    ask(lambda server: server.download(42, tmp_path / "out.zip"))

    assert (tmp_path / "out.zip").read_bytes() == ZIP
    assert finished.heard[-1].headers["range"] == "bytes=50000-"


def test_a_server_that_knows_no_ranges_sends_it_all_again(
    finished: StubServer, ask: Ask, tmp_path: Path
) -> None:
    finished.on("GET /api/v1/jobs/42/results", Answer(body=ZIP, cut_after=10), sends(ZIP))

    ask(lambda server: server.download(42, tmp_path / "out.zip"))

    assert (tmp_path / "out.zip").read_bytes() == ZIP


def test_damaged_results_never_appear(finished: StubServer, ask: Ask, tmp_path: Path) -> None:
    finished.on("GET /api/v1/jobs/42/results", sends(ZIP[:-1] + b"!"))

    with pytest.raises(ServerBrokenError, match="checksum"):
        ask(lambda server: server.download(42, tmp_path / "out.zip"))

    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_leads_out_of_the_directory_is_refused_whole(
    stub: StubServer, ask: Ask, tmp_path: Path
) -> None:
    evil = zip_of({"good.txt": b"good", "../../evil.txt": b"evil"})
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, DONE, results=results_of(evil))))
    stub.on("GET /api/v1/jobs/42/results", sends(evil))
    home = tmp_path / "a" / "b"
    home.mkdir(parents=True)

    with pytest.raises(ServerBrokenError, match="not unpacked"):
        ask(lambda server: server.fetch(42, home / "out"))

    assert [path.name for path in home.iterdir()] == [".joborch-42.zip"]
    assert not list(tmp_path.rglob("evil.txt"))


def test_what_is_there_with_other_content_is_refused_before_anything_is_downloaded(
    finished: StubServer, ask: Ask, tmp_path: Path
) -> None:
    finished.on(FILES, says(files_of(ZIP)))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "output.txt").write_text("mine")

    with pytest.raises(FileExistsError, match="exists already"):
        ask(lambda server: server.fetch(42, tmp_path / "out"))

    assert (tmp_path / "out" / "output.txt").read_text() == "mine"
    assert finished.paths() == [FILES]


def test_what_is_there_whole_is_not_downloaded_again(
    finished: StubServer, ask: Ask, tmp_path: Path
) -> None:
    finished.on(FILES, says(files_of(ZIP)))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "output.txt").write_bytes(b"Computation complete!\n" * 10_000)

    assert ask(lambda server: server.fetch(42, tmp_path / "out")) == []
    assert finished.paths() == [FILES]


def test_what_is_missing_is_brought(finished: StubServer, ask: Ask, tmp_path: Path) -> None:
    finished.on(FILES, says(files_of(ZIP)))
    finished.on("GET /api/v1/jobs/42/results", sends(ZIP))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")

    assert ask(lambda server: server.fetch(42, tmp_path / "out")) == ["output.txt"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"mine.txt", "output.txt"}


def test_a_server_that_tells_no_checksums_is_asked_for_all_and_what_came_compared(
    finished: StubServer, ask: Ask, tmp_path: Path
) -> None:
    file = FileView(name="output.txt", size_bytes=220_000, kind="result")
    finished.on(FILES, says(FileList(items=[file])))
    finished.on("GET /api/v1/jobs/42/results", sends(ZIP))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "output.txt").write_bytes(b"Computation impossible\n"[:22] * 10_000)

    with pytest.raises(FileExistsError):
        ask(lambda server: server.fetch(42, tmp_path / "out"))

    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_archive_of_the_directorys_name_is_not_touched(
    finished: StubServer, ask: Ask, tmp_path: Path
) -> None:
    finished.on("GET /api/v1/jobs/42/results", sends(ZIP))
    (tmp_path / "out.zip").write_bytes(b"mine")

    ask(lambda server: server.fetch(42, tmp_path / "out"))

    assert (tmp_path / "out.zip").read_bytes() == b"mine"


def test_results_can_go_into_the_directory_where_one_is(
    finished: StubServer, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished.on(FILES, says(files_of(ZIP)))
    finished.on("GET /api/v1/jobs/42/results", sends(ZIP))
    monkeypatch.chdir(tmp_path)

    assert ask(lambda server: server.fetch(42, Path())) == ["output.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["output.txt"]


def test_only_what_is_wanted_is_unpacked(stub: StubServer, ask: Ask, tmp_path: Path) -> None:
    data = zip_of({"a.pdb": b"a", "b.log": b"b"})
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, DONE, results=results_of(data))))
    stub.on("GET /api/v1/jobs/42/results", sends(data))

    names = ask(lambda server: server.fetch(42, tmp_path / "out", include=("*.pdb",)))

    assert names == ["a.pdb"]


def test_a_job_that_still_runs_has_no_results_yet(
    stub: StubServer, ask: Ask, tmp_path: Path
) -> None:
    stub.on("GET /api/v1/jobs/42", says(a_job_view(42, JobState.RUNNING)))
    stub.on("GET /api/v1/jobs/42/results", refuses(NotFinishedError(42, "running")))

    with pytest.raises(NotFinishedError):
        ask(lambda server: server.fetch(42, tmp_path / "out"))

    assert list(tmp_path.iterdir()) == []


def test_progress_starts_at_what_is_there(finished: StubServer, ask: Ask, tmp_path: Path) -> None:
    finished.on("GET /api/v1/jobs/42/results", Answer(body=ZIP, cut_after=1000), ranged(ZIP))
    seen: list[int] = []

    ask(
        lambda server: server.download(
            42, tmp_path / "out.zip", on_progress=lambda done, total: seen.append(done)
        )
    )

    assert seen == sorted(seen)
    assert seen[-1] == len(ZIP)


def test_one_file_is_read_piece_by_piece(stub: StubServer, ask: Ask) -> None:
    stub.on("GET /api/v1/jobs/42/files/result/sub dir/ä.txt", sends(b"hello"))

    assert ask(_read_whole) == b"hello"


async def _read_whole(server: Orchestrator) -> bytes:
    async with server.read_file(42, "sub dir/ä.txt") as chunks:
        return b"".join([chunk async for chunk in chunks])
