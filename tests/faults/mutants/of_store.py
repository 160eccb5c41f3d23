"""What the server checks before it moves a job, gives a slot away or takes a submission."""

from tests.faults.mutants.mutant import Mutant

STORE = "joborch/server/store"
SUBMIT, CANCEL = "joborch/server/operations/submit.py", "joborch/server/operations/cancel.py"
JOBS, USAGE, ASSEMBLY = (
    f"{STORE}/jobs.py",
    f"{STORE}/usage.py",
    "joborch/server/assembly.py",
)
IN_REPORT = "tests/server/operations/test_report.py::"
IN_RESCUE = "tests/server/operations/test_rescue.py::"
IN_SUBMIT = "tests/server/operations/test_submit.py::"
IN_CANCEL = "tests/server/operations/test_cancel.py::"
IN_CRASH = "tests/server/operations/test_crash_between_writes.py"
IN_OWNING = "tests/server/test_owning.py::"
IN_JOBS = "tests/server/store/test_jobs.py::"
IN_PAUSE = "tests/server/operations/test_pause.py::"
IN_ALLOW = "tests/server/operations/test_allow.py::"
IN_DEPENDENCIES = "tests/server/operations/test_dependencies.py::"

MUTANTS = (
    Mutant(
        name="sink-of-moves",
        guards="a statement moves a job that has ended",
        path=JOBS,
        old="            JOBS.c.state == before.state.value,\n",
        new="",
        tests=(f"{IN_JOBS}test_a_move_of_a_job_that_has_moved_meanwhile_stores_nothing",),
    ),
    Mutant(
        name="attempt-of-moves",
        guards="a statement moves a later attempt than it was made for",
        path=JOBS,
        old="            JOBS.c.attempt == before.attempt,\n",
        new="",
        tests=(f"{IN_JOBS}test_a_move_of_an_earlier_attempt_stores_nothing",),
    ),
    Mutant(
        name="moves-that-miss",
        guards="a move that matched nothing counts as made",
        path=JOBS,
        old="    if transaction.connection.execute(statement).rowcount != 1:\n        raise Stale",
        new="    if transaction.connection.execute(statement).rowcount > 1:\n        raise Stale",
        tests=(f"{IN_JOBS}test_a_move_of_a_job_that_has_moved_meanwhile_stores_nothing",),
    ),
    Mutant(
        name="one-transaction-a-move",
        guards="a crash leaves a job moved and its slot taken",
        path=JOBS,
        old="    usage.move(transaction, change, limits)\n",
        new='    for one in ("COMMIT", "BEGIN IMMEDIATE", "SAVEPOINT one", "SAVEPOINT one"):\n'
        "        transaction.connection.exec_driver_sql(one)\n"
        "    usage.move(transaction, change, limits)\n",
        tests=(IN_CRASH,),
    ),
    Mutant(
        name="sink-of-cancels",
        guards="a finished job is relabelled",
        path=CANCEL,
        old="    if job.state.is_terminal:",
        new="    if job.state is None:",
        tests=(f"{IN_CANCEL}test_a_finished_job_is_never_relabelled",),
    ),
    Mutant(
        name="gates-keep",
        guards="a job starts before those that it waits for have ended",
        path=f"{STORE}/tables.py",
        old="jobs.c.gate_id.is_(None)\n",
        new="jobs.c.priority.is_not(None)\n",
        tests=(
            f"{IN_DEPENDENCIES}"
            "test_a_job_starts_only_after_the_one_that_it_waits_for_has_completed",
        ),
    ),
    Mutant(
        name="gates-open",
        guards="a job waits for ever for others that have ended",
        path=f"{STORE}/gates.py",
        old="        for gate_id in met.keys() - broken.keys():\n",
        new="        for gate_id in set[int]():\n",
        tests=(f"{IN_DEPENDENCIES}test_it_waits_for_the_last_of_several",),
    ),
    Mutant(
        name="gates-break",
        guards="a job waits for ever for the success of one that has failed",
        path=f"{STORE}/gates.py",
        old="            for gate_id, culprit in broken.items()\n",
        new="            for gate_id, culprit in dict[int, int]().items()\n",
        tests=(
            f"{IN_DEPENDENCIES}test_the_end_of_a_job_cancels_all_that_waits_for_it_through_others",
        ),
    ),
    Mutant(
        name="pause-of-a-service",
        guards="a paused service starts jobs",
        path="joborch/server/store/snapshots.py",
        old="        paused=pauses.every(connection).keys(),\n",
        new="        paused=(),\n",
        tests=(f"{IN_PAUSE}test_it_takes_jobs_and_starts_none_until_it_is_resumed",),
    ),
    Mutant(
        name="quota-of-ones-own",
        guards="what an operator allows a user is not what the user gets",
        path="joborch/server/store/snapshots.py",
        old="        overrides=overrides.every(connection),\n",
        new="        overrides={},\n",
        tests=(f"{IN_ALLOW}test_it_holds_in_place_of_the_services",),
    ),
    Mutant(
        name="quota-gate-of-a-user",
        guards="a user holds more slots than the quota",
        path=USAGE,
        old="        statement = statement.where(USAGE.c.active < limit)",
        new="        statement = statement.where(USAGE.c.active < limit + (user_id != EVERYBODY))",
        tests=(f"{IN_JOBS}test_a_slot_beyond_the_quota_is_refused_and_nothing_is_stored",),
    ),
    Mutant(
        name="quota-gate-of-all-users",
        guards="all users together hold more slots than the service has",
        path=USAGE,
        old="        statement = statement.where(USAGE.c.active < limit)",
        new="        statement = statement.where(USAGE.c.active < limit + (user_id == EVERYBODY))",
        tests=(f"{IN_JOBS}test_a_slot_beyond_the_quota_is_refused_and_nothing_is_stored",),
    ),
    Mutant(
        name="quota-gate-of-a-batch",
        guards="a batch has more active jobs than it may",
        path=USAGE,
        old="        statement = statement.where(room)",
        new="        _ = room",
        tests=(f"{IN_JOBS}test_a_batch_gets_no_more_than_it_asked_for",),
    ),
    Mutant(
        name="plan-keeps-quotas",
        guards="the plan is one that the gate refuses",
        path="joborch/domain/scheduling.py",
        old="        if self._users.get((job.service, job.user_id), 0) >= limits.per_user:",
        new="        if self._users.get((job.service, job.user_id), 0) > limits.per_user:",
        tests=("tests/domain/test_scheduling.py",),
    ),
    Mutant(
        name="slot-is-freed",
        guards="the slot of a finished job stays taken",
        path=USAGE,
        old="    active = job.state.is_active - change.before.state.is_active",
        new="    active = max(0, job.state.is_active - change.before.state.is_active)",
        tests=(f"{IN_REPORT}test_a_report_ends_the_job_and_frees_its_slot",),
    ),
    Mutant(
        name="recount-at-start",
        guards="a counter that is wrong stays wrong for ever",
        path=ASSEMBLY,
        old="    wrong = await parts.database.write(usage.recount)",
        new="    wrong: list[str] = []",
        tests=("tests/server/test_assembly.py::test_wrong_counters_are_mended_at_the_start",),
    ),
    Mutant(
        name="leases-expected-at-start",
        guards="jobs of an agent that never comes back run for ever after a restart",
        path=ASSEMBLY,
        old="            parts.roll.expect(agent, parts.clock.monotonic())",
        new="            pass",
        tests=(f"{IN_RESCUE}test_a_restarted_server_gives_agents_the_full_time_again",),
    ),
    Mutant(
        name="disowned-results",
        guards="results whose record was spoilt are swept away at the next start",
        path=ASSEMBLY,
        old='    kept |= {name.removesuffix(".zip") for name in disowned}',
        new="",
        tests=("tests/server/audit/test_unrecorded_results.py",),
    ),
    Mutant(
        name="idempotency",
        guards="a submission that is repeated makes a second job",
        path=SUBMIT,
        old="    if found := _found(transaction.connection, order, fingerprint):",
        new="    if found := _found(transaction.connection, replace(order, key=''), fingerprint):",
        tests=(f"{IN_SUBMIT}test_the_same_key_and_content_makes_nothing_new",),
    ),
    Mutant(
        name="idempotency-row",
        guards="nobody knows afterwards that a key was used",
        path=SUBMIT,
        old="        submissions.remember(transaction, order.new.user_id, order.key, what, at=now)",
        new="        _ = what",
        tests=(f"{IN_SUBMIT}test_the_same_key_and_content_makes_nothing_new",),
    ),
    Mutant(
        name="idempotency-of-content",
        guards="other content under the same key is taken for submitted",
        path=SUBMIT,
        old="    if not fingerprint.is_of(earlier.fingerprint):",
        new="    if earlier.fingerprint == '':",
        tests=(f"{IN_SUBMIT}test_the_same_key_for_other_content_is_refused",),
    ),
    Mutant(
        name="idempotency-unique",
        guards="two rows say what was submitted under a key",
        path=f"{STORE}/tables.py",
        old="    first_job_id: int = Field(sa_column=Column(Integer, nullable=False))",
        new="    first_job_id: int = Field(primary_key=True)",
        tests=(f"{IN_JOBS}test_a_key_is_remembered_once",),
    ),
    Mutant(
        name="payload-of-a-duplicate",
        guards="a repeated submission leaves its files behind",
        path=SUBMIT,
        old="    if accepted.is_duplicate:\n",
        new="    if not accepted.jobs:\n",
        tests=(
            "tests/server/operations/test_fences.py"
            "::test_a_submission_that_is_repeated_leaves_no_files_of_its_own",
        ),
    ),
    Mutant(
        name="data-directory-lock",
        guards="two servers write into one data directory",
        path="joborch/process/lock.py",
        old="            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        new="            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        tests=("tests/process/test_lock.py",),
    ),
    Mutant(
        name="server-takes-the-lock",
        guards="a second server starts although there is a lock",
        path="joborch/server/main.py",
        old='directory_lock(settings.data / "server.lock", who):',
        new='directory_lock(settings.data / f"{os.getpid()}.lock", who):',
        tests=(
            f"{IN_OWNING}test_a_second_server_on_the_same_data_is_refused_whatever_its_database",
        ),
    ),
    Mutant(
        name="server-locks-its-database",
        guards="two servers with a directory each move the jobs of one database",
        path="joborch/server/main.py",
        old="        with file_lock(settings.db_path, who):",
        new="        with file_lock(settings.data / 'x', who):",
        tests=(f"{IN_OWNING}test_a_second_server_on_the_same_database_is_refused",),
    ),
)
