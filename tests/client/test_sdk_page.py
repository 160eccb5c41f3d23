import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from joborch.client import load_settings
from joborch.domain.states import JobState
from tests.support.stub_server import StubServer, says, sends
from tests.support.views import a_job_view, a_submission, a_zip, results_of

PAGE = Path(__file__).parents[2] / "docs" / "sdk.md"


def example(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert match
    return match[1]


def test_the_example_of_the_page_runs(
    stub: StubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = a_zip(output_txt=b"120 input.pdb\n")
    job = a_job_view(42, JobState.COMPLETED, results=results_of(data))
    stub.on("POST /api/v1/jobs", says(a_submission(42)))
    stub.on("GET /api/v1/jobs/42", says(job))
    stub.on("GET /api/v1/jobs/42/results", sends(data))
    (tmp_path / "2oob.pdb").write_text("ATOM\n")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    exec(compile(example("python"), str(PAGE), "exec"), names)  # noqa: S102 - our own page

    found = asyncio.run(names["dock"](stub.url, Path("2oob.pdb")))

    assert found == ["output.txt"]
    assert (tmp_path / "dock-42" / "output.txt").read_text() == "120 input.pdb\n"


def test_the_settings_of_the_page_are_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(example("toml"))

    settings = load_settings(env={"LOGNAME": "ada"}, config=file)

    assert (settings.server, settings.user_id) == ("https://orch.example.org", "1")
    assert (settings.service, settings.warnings) == ("example", ())
