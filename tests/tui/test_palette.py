"""What is found in the palette, by what was typed there."""

import pytest

from joborch.tui.messages import JobsWanted, JobWanted
from joborch.tui.palette import MOST, found
from joborch.tui.picture import Picture
from tests.support.views import a_job_view
from tests.tui.a_site import a_busy_source
from tests.tui.stage import Stage, play


def names(query: str, *job_names: str) -> list[str]:
    picture = Picture()
    picture.put(a_job_view(i, name=name) for i, name in enumerate(job_names, 1))
    return [text for text, _ in found(query, picture) if text.startswith("Job")]


def test_a_job_is_found_by_the_beginning_of_its_id_or_a_part_of_its_name() -> None:
    assert names("1", "a", "b") == ["Job 1 a"]
    assert names("OCK", "dock", "relax") == ["Job 1 dock"]


def test_of_many_the_newest_are_listed_and_no_more_than_can_be_read() -> None:
    listed = names("dock", *["dock"] * (MOST + 5))
    assert (len(listed), listed[0]) == (MOST, f"Job {MOST + 5} dock")


def test_a_name_cannot_move_the_cursor() -> None:
    assert names("red", "\x1b[31mred") == ["Job 1 red"]


def test_users_lead_to_their_jobs_and_a_job_to_its_detail() -> None:
    picture = Picture()
    picture.put([a_job_view(7, user_id="ann", name="ann-1")])
    job, user = (message for _, message in found("ann", picture))
    assert isinstance(job, JobWanted)
    assert isinstance(user, JobsWanted)
    assert (job.job_id, user.filter_text) == (7, "user:ann")


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("1460", "job 1460"),
        ("gpu-1", "agent:gpu-1"),
        ("User bob", "user:bob"),
        ("prodigy", "service:prodigy"),
    ],
)
def test_what_is_chosen_there_is_shown(typed: str, seen: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.press("ctrl+p")
        await stage.press(*typed)
        await stage.sees(typed)
        await stage.settles()
        await stage.press("enter")
        await stage.sees(seen)

    play(story, a_busy_source(), size=(120, 40))
