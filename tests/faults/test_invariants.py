"""Each check sees what it is there for: a site on which all is well, and then one thing is not."""

import os
import subprocess
from pathlib import Path

import pytest

from joborch.domain.quotas import Limits
from tests.faults import invariants
from tests.faults.a_good_site import TICKET, GoodSite, a_good_site, mark, publish
from tests.faults.invariants import Violations
from tests.faults.oracle import END, START
from tests.support.waiting import wait_until

ADD_EVENT = (
    "INSERT INTO events (job_id, attempt, event, from_state, to_state, actor, at, detail)"
    " VALUES (1, 2, '{}', '{}', '{}', 'test', 0, '{{}}')"
)


@pytest.fixture
def site(tmp_path: Path) -> GoodSite:
    return a_good_site(tmp_path / "data")


def ends_once(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.ends_once(database)


def follows_the_table(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.follows_the_table(database)


def keeps_quotas(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.keeps_quotas(database, site.quotas)


def publishes_what_ran(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.publishes_what_ran(database, site.data, site.tickets, disturbed=())


def ran_if_it_ended(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.ran_if_it_ended(database, site.marks, disturbed=())


def keeps_what_was_accepted(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.keeps_what_was_accepted(database, site.tickets, site.journal)


def counts_right(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.counts_right(database)


def leaves_no_orphans(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.leaves_no_orphans(database, site.data)


def all_ended(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.all_ended(database)


def reruns_only_what_was_lost(site: GoodSite) -> Violations:
    with invariants.opened(site.path) as database:
        return invariants.reruns_only_what_was_lost(database, site.lost)


def test_nothing_is_wrong_where_all_went_well(site: GoodSite) -> None:
    found = [
        *ends_once(site),
        *follows_the_table(site),
        *keeps_quotas(site),
        *publishes_what_ran(site),
        *ran_if_it_ended(site),
        *keeps_what_was_accepted(site),
        *counts_right(site),
        *leaves_no_orphans(site),
        *all_ended(site),
        *reruns_only_what_was_lost(site),
        *invariants.never_overlaps(site.marks),
        *invariants.leaves_no_process(site.data),
    ]
    assert found == []


def test_a_second_end_is_seen(site: GoodSite) -> None:
    site.spoil(ADD_EVENT.format("fail", "running", "failed"))
    assert ends_once(site) == ["job 1: ended 2 times", "job 1: moved after its end"]


def test_a_move_after_the_end_is_seen(site: GoodSite) -> None:
    site.spoil(ADD_EVENT.format("requeue", "running", "queued"))
    assert ends_once(site) == ["job 1: moved after its end"]


def test_a_move_that_is_not_in_the_table_is_seen(site: GoodSite) -> None:
    site.spoil("DELETE FROM events WHERE event = 'assign' AND attempt = 2")
    assert follows_the_table(site) == [
        "job 1: assigned --reoffered--> assigned while it was queued",
        "job 1: assigned --reoffered--> assigned was of attempt 2, not of 1",
    ]


def test_a_state_that_no_event_tells_of_is_seen(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET state = 'failed'")
    assert follows_the_table(site) == ["job 1: is failed, by its events completed"]


@pytest.mark.parametrize(
    ("limits", "who"),
    [(Limits(per_user=0), "user ann"), (Limits(total=0), "all users together")],
)
def test_a_quota_that_was_exceeded_is_seen(site: GoodSite, limits: Limits, who: str) -> None:
    site.quotas["fast"] = limits
    assert keeps_quotas(site) == [f"{who} held 1 of fast, 0 allowed, reached at event 2"]


def test_results_other_than_those_recorded_are_seen(site: GoodSite) -> None:
    content = bytearray(site.archive.read_bytes())
    content[40] ^= 1
    site.archive.write_bytes(content)
    assert publishes_what_ran(site) == ["job 1: other results are stored than recorded"]


def test_results_that_are_missing_are_seen(site: GoodSite) -> None:
    site.archive.unlink()
    assert publishes_what_ran(site) == ["job 1: its results are missing"]
    assert leaves_no_orphans(site) == ["job 1: its results are missing"]


def test_results_of_another_attempt_are_seen(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET attempt = 3")
    site.archive.rename(site.archive.with_name("1-3.zip"))
    assert publishes_what_ran(site) == ["job 1: out.txt in its results is not what attempt 3 wrote"]


def test_a_wrong_status_is_seen(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET exit_code = 3, state = 'failed'")
    (found,) = publishes_what_ran(site)
    assert found.startswith("job 1: ended as ('failed', 3, None), exited as")


def test_an_attempt_that_started_twice_is_seen(site: GoodSite) -> None:
    site.marks.append(mark(START, 2, 2.5))
    assert invariants.never_overlaps(site.marks) == ["job 1: attempt 2 started 2 times"]


def test_attempts_that_overlap_are_seen(site: GoodSite) -> None:
    site.marks.append(mark(END, 1, 2.5))
    found = invariants.never_overlaps(site.marks)
    assert found == ["job 1: attempt 2 started before the last was over"]


def test_an_end_that_never_happened_is_seen(site: GoodSite) -> None:
    del site.marks[-1]
    assert ran_if_it_ended(site) == ["job 1: attempt 2 is completed but wrote ['start']"]


def test_a_process_that_outlives_its_job_is_seen(tmp_path: Path) -> None:
    known = {"WORKDIR": str(tmp_path / "compute-1" / "attempts" / "7-2"), "JOB_ID": 7, "ATTEMPT": 2}
    environment = {f"JOBORCH_{name}": str(value) for name, value in known.items()}
    with subprocess.Popen(["sleep", "60"], env=os.environ | environment) as process:
        found = wait_until(lambda: invariants.leaves_no_process(tmp_path))
        process.kill()
    assert found == [f"job 7: process {process.pid} of attempt 2 is alive"]


def test_an_accepted_job_that_is_gone_is_seen(site: GoodSite) -> None:
    site.journal[TICKET.name] = [2]
    found = keeps_what_was_accepted(site)
    assert found == ["ticket ticket-1: jobs [2] were accepted, there are [1]"]


def test_a_job_that_was_made_twice_is_seen(site: GoodSite) -> None:
    site.journal[TICKET.name] = [1, 2]
    found = keeps_what_was_accepted(site)
    assert found == ["ticket ticket-1: jobs [1, 2] were accepted, there are [1]"]


def test_a_job_of_somebody_else_is_seen(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET user_id = 'bob'")
    assert keeps_what_was_accepted(site) == ["ticket ticket-1: stored for somebody else"]


def test_a_counter_that_is_wrong_is_seen(site: GoodSite) -> None:
    site.spoil("UPDATE usage SET active = 1 WHERE user_id = 'ann'")
    assert counts_right(site) == ["usage of fast/ann: 1 active, counted 0"]


@pytest.mark.parametrize("room", ["staging", "incoming", "trash"])
def test_a_file_that_was_left_half_way_is_seen(site: GoodSite, room: str) -> None:
    (site.data / room / "7-1").touch()
    assert leaves_no_orphans(site) == [f"{room}: 7-1 is left"]


def test_a_payload_and_results_of_nobody_are_seen(site: GoodSite) -> None:
    (site.data / "payloads" / "00" / "0000").mkdir()
    publish(site.archive.with_name("1-1.zip"), {})
    assert leaves_no_orphans(site) == [
        "payloads: 0000 belongs to nobody",
        "results: 1-1.zip belongs to nobody",
    ]


def test_a_damaged_database_is_seen(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET payload_id = 'gone'")
    assert leaves_no_orphans(site) == ["job 1: refers to payloads that are not there"]


def test_a_job_that_never_ended_is_seen(site: GoodSite) -> None:
    site.spoil("UPDATE jobs SET state = 'queued', finished_at = NULL")
    assert all_ended(site) == ["job 1: still queued"]


def test_an_attempt_that_was_given_up_though_nothing_happened_to_it_is_seen(
    site: GoodSite,
) -> None:
    site.lost.clear()
    assert reruns_only_what_was_lost(site) == ["job 1: attempt 1 was given up: {}"]
