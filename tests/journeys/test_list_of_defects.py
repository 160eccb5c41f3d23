"""The defects of the original, as read in its source, and the tests that stand for each.

The first test of a line tells the defect's story through the original's own routes, where that is
possible; the others hold the parts to it, with faults that a story cannot bring about.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
HERE = "journeys/test_defects_of_the_original.py"

DEFECTS: Mapping[str, tuple[str, ...]] = {
    "a client outage fails the whole queue": (
        f"{HERE}::test_while_its_agent_is_away_the_queue_waits_and_goes_on_after",
        "server/operations/test_rescue.py::test_jobs_of_a_silent_agent_go_back_to_the_queue",
    ),
    "a crash between two status writes leaves a job stuck and leaks its slot": (
        "server/operations/test_crash_between_writes.py"
        "::test_a_crash_between_two_statements_leaves_no_job_stuck_and_no_slot_taken",
        "journeys/test_restarts.py::test_killing_the_server_loses_nothing",
        "faults/test_random_kills.py::test_nothing_is_lost_or_done_twice_whatever_is_killed",
    ),
    "a process that is killed without its exit file runs for ever": (
        f"{HERE}::test_a_killed_program_has_failed_and_its_slot_is_free",
        f"{HERE}::test_a_job_whose_supervisor_was_killed_is_not_running_for_ever",
        "agent/runner/test_crash_points.py::test_a_crash_anywhere_is_harmless",
    ),
    "a SIGTERM is recorded as exit status 0, and so as Completed": (
        f"{HERE}::test_what_was_ended_by_sigterm_is_never_completed",
        f"{HERE}::test_a_program_that_somebody_else_terminated_has_failed",
        "agent/runner/test_watch.py::test_a_sigterm_without_a_cancel_is_the_end_of_the_host",
    ),
    "a kill reaches bash only, and not the program": (
        f"{HERE}::test_a_kill_reaches_the_program_and_all_that_it_has_started",
        "agent/runner/test_shim.py::test_a_hundred_sessions_are_killed",
    ),
    "queued jobs cannot be cancelled": (
        f"{HERE}::test_a_job_that_waits_can_be_cancelled_and_never_runs",
        "server/api/test_seed.py::test_a_job_can_be_terminated_once",
    ),
    "finished jobs are relabelled Killed and lose their results": (
        f"{HERE}::test_a_finished_job_is_not_relabelled_and_keeps_its_results",
        "server/operations/test_cancel.py::test_a_finished_job_is_never_relabelled",
    ),
    "a half-written ZIP is served as complete": (
        f"{HERE}::test_a_zip_of_which_half_has_come_is_not_served",
        "files/test_pack.py::test_an_older_archive_is_replaced_only_by_a_whole_one",
        "server/operations/test_report.py"
        "::test_results_that_differ_from_their_digest_are_not_published",
        "server/importing/test_import.py::test_what_is_no_whole_archive_is_not_taken_for_results",
    ),
    "the ZIP contains itself": (f"{HERE}::test_a_zip_holds_what_the_job_left_and_not_itself",),
    "a user's own output.zip or .orchestrator.exit is believed": (
        f"{HERE}::test_what_a_user_calls_as_the_original_did_its_own_files_is_a_file",
        "agent/runner/test_shim.py::test_a_record_the_job_wrote_itself_does_not_count",
    ),
    "files of the same name in two folders overwrite each other": (
        f"{HERE}::test_files_of_the_same_name_in_two_folders_are_two_files",
        "server/api/test_uploads.py::test_a_files_name_is_kept_with_its_folders",
    ),
    "links leak files of the host or make the job stick": (
        f"{HERE}::test_links_neither_bring_files_of_the_host_along_nor_hold_up_the_job",
        "files/test_pack.py::test_links_are_listed_and_never_followed",
        "files/test_pack.py::test_a_folder_swapped_for_a_link_meanwhile_is_not_entered",
    ),
    "results and logs of failed jobs never come home": (
        "journeys/test_the_main_job.py"
        "::test_results_of_failed_timed_out_and_cancelled_jobs_come_home",
    ),
    "retention by the age of a directory deletes running jobs": (
        f"{HERE}::test_retention_counts_from_the_end_and_leaves_running_jobs_alone",
        "server/operations/test_clean.py::test_waiting_and_running_jobs_are_never_touched",
    ),
    "rejected uploads stay on disk": (
        "server/api/test_seed.py::test_a_bad_upload_is_refused_in_the_generations_words",
        "server/api/test_uploads.py"
        "::test_a_hostile_submission_is_refused_with_the_reason_and_leaves_nothing",
        "server/api/test_uploads.py::test_a_client_that_goes_away_leaves_nothing",
    ),
    "one client that hangs stalls every service": (
        f"{HERE}::test_one_agent_that_hangs_stalls_nobody_elses_jobs",
    ),
    "a restarted client hands out another user's old results": (
        f"{HERE}::test_an_agent_that_forgot_everything_hands_out_nobodys_old_results",
        "agent/test_heartbeat.py::test_an_agent_that_becomes_another_one_drops_the_jobs_of_the_first",
    ),
}


def names_in(module: str) -> set[str]:
    tree = ast.parse((TESTS / module).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_test_stands_for_each_defect(defect: str) -> None:
    nodes = [node.split("::") for node in DEFECTS[defect]]
    assert [name for module, name in nodes if name not in names_in(module)] == []


def test_every_story_stands_for_a_defect() -> None:
    told = {node.removeprefix(f"{HERE}::") for nodes in DEFECTS.values() for node in nodes}
    assert {name for name in names_in(HERE) if name.startswith("test_")} <= told
