import pytest

from joborch.client.repeating import repeat_command, repeat_note
from joborch.domain.states import JobState
from joborch.wire.jobs import FileList, FileView
from tests.support.views import a_job_view

FILES = FileList(
    items=[
        FileView(name="2oob.pdb", kind="input", size_bytes=6),
        FileView(name="run.sh", kind="input", size_bytes=6),
    ]
)


def test_variables_are_repeated_and_secrets_are_taken_from_where_it_is_run() -> None:
    env = {"X": "1 2", "API_TOKEN": "***"}

    assert repeat_command(a_job_view(7), FILES, env) == (
        "joborch submit -s example -n dock -e 'X=1 2' -e API_TOKEN run.sh 2oob.pdb"
    )
    assert repeat_note(a_job_view(7), FILES, env) == (
        "needs run.sh, 2oob.pdb here · API_TOKEN as here: secret"
    )


@pytest.mark.parametrize(
    ("state", "retry"), [("failed", "retry 7"), ("completed", "retry 7 --completed")]
)
def test_what_repeats_a_job_as_it_was_is_named_beside_it(state: str, retry: str) -> None:
    note = repeat_note(a_job_view(7, JobState(state)), FILES, None)

    assert "its environment is not told" in note
    assert note.endswith(f" · as it was: joborch {retry}")
