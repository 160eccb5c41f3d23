"""What keeps an agent from running an attempt twice, or one that is not its any more."""

from tests.faults.mutants.mutant import Mutant

WORKER, SPOOL, RUNS = (
    "joborch/agent/worker.py",
    "joborch/agent/spool.py",
    "joborch/agent/runs.py",
)
LEASES, HEARTBEAT, STARTING = (
    "joborch/agent/leases.py",
    "joborch/agent/heartbeat.py",
    "joborch/agent/starting.py",
)
IN_ADOPTION = "tests/agent/test_adoption.py::"
IN_HEARTBEAT = "tests/agent/test_heartbeat.py::"
IN_ENDINGS = "tests/agent/test_endings.py::"
IN_RUNS = "tests/agent/test_runs.py::"
IN_SPOOL = "tests/agent/test_spool.py::"
IN_FENCES = "tests/agent/test_fences.py::"
IN_LEASES = "tests/agent/test_leases.py::"
HIGH_WATER = (
    f"{IN_ADOPTION}test_a_lease_at_or_below_the_high_water_mark_is_given_back_and_never_started"
)

MUTANTS = (
    Mutant(
        name="high-water",
        guards="an offer that was delayed is run once more",
        path=WORKER,
        old="        if not self._allows(lease):",
        new="        if self._allows(lease) is None:",
        tests=(HIGH_WATER,),
    ),
    Mutant(
        name="high-water-is-raised",
        guards="an attempt is run once more after it was reported",
        path=WORKER,
        old="            self._site.spool.marks.raise_to(*attempt.key)\n",
        new="",
        tests=(HIGH_WATER,),
    ),
    Mutant(
        name="high-water-is-kept",
        guards="a restarted agent runs once more what an earlier process ran",
        path="joborch/agent/marks.py",
        old="        os.write(self._file, _line(job_id, mark))\n",
        new="",
        tests=(f"{IN_SPOOL}test_marks_only_rise_and_survive",),
    ),
    Mutant(
        name="work-directory-lock",
        guards="two agents run what lies in one directory",
        path=SPOOL,
        old='directory_lock(work_dir / "agent.lock", "an agent")',
        new='directory_lock(work_dir / f"{os.getpid()}-{id(self)}.lock", "an agent")',
        tests=(f"{IN_HEARTBEAT}test_a_second_agent_in_the_directory_is_refused",),
    ),
    Mutant(
        name="incarnation-rises",
        guards="the server cannot tell two processes of an agent apart",
        path=SPOOL,
        old='        write_atomic(path, f"{last + 1}\\n".encode())\n',
        new="",
        tests=(f"{IN_SPOOL}test_every_process_has_a_higher_incarnation",),
    ),
    Mutant(
        name="polls-are-numbered",
        guards="the server cannot tell a poll that was overtaken",
        path=HEARTBEAT,
        old="            number=next(self._numbers),",
        new="            number=1,",
        tests=(f"{IN_FENCES}test_every_poll_has_a_higher_number",),
    ),
    Mutant(
        name="stop-rule",
        guards="an attempt outlives its lease and overlaps the next one",
        path=LEASES,
        old="max(_LEAST_STOP_S, lost_after_s - grace - margin)",
        new="max(_LEAST_STOP_S, lost_after_s)",
        tests=(f"{IN_ENDINGS}test_an_attempt_is_gone_before_its_lease_is",),
    ),
    Mutant(
        name="grace-within-the-lease",
        guards="a job that ignores SIGTERM outlives its lease",
        path=LEASES,
        old="    grace = min(grace_s, lost_after_s * _MOST_GRACE_PART)",
        new="    grace = grace_s",
        tests=(f"{IN_ENDINGS}test_an_attempt_is_gone_before_its_lease_is",),
    ),
    Mutant(
        name="start-needs-a-lease",
        guards="an attempt starts although its lease has run out",
        path=LEASES,
        old="0 <= now - renewed_at < self.stop_after_s",
        new="0 <= now - renewed_at",
        tests=(
            f"{IN_ENDINGS}test_a_start_needs_a_lease_that_holds",
            f"{IN_ADOPTION}test_an_attempt_whose_lease_ran_out_meanwhile_is_not_started",
        ),
    ),
    Mutant(
        name="start-asks-for-the-lease",
        guards="an attempt starts although its lease ran out while its inputs came",
        path=STARTING,
        old="    return None if _lease_holds(rule, site) else given_back(Cause.LEASE_LOST.value)",
        new="    return None if rule or site else given_back(Cause.LEASE_LOST.value)",
        tests=(f"{IN_FENCES}test_an_attempt_whose_lease_ran_out_is_not_even_started",),
    ),
    Mutant(
        name="start-in-this-boot",
        guards="what a power cut tore is started",
        path=STARTING,
        old="    if not attempt.is_of_this_boot:",
        new="    if not attempt.key:",
        tests=(f"{IN_FENCES}test_an_attempt_that_was_accepted_before_a_reboot_is_lost",),
    ),
    Mutant(
        name="lapsed-before-renewal",
        guards="a lease that ran out before it was used is revived by the next poll",
        path=HEARTBEAT,
        old="        self._worker.end_lapsed()\n",
        new="",
        tests=(f"{IN_LEASES}test_a_lease_that_lapsed_is_given_back_though_it_was_renewed_since",),
    ),
    Mutant(
        name="renewed-when-sent",
        guards="a lease counts from when the answer came, later than at the server",
        path=HEARTBEAT,
        old="            site.spool.renew_leases(sent_at)",
        new="            site.spool.renew_leases(site.clock.boottime())",
        tests=(f"{IN_HEARTBEAT}test_the_lease_file_holds_when_the_acknowledged_poll_was_sent",),
    ),
    Mutant(
        name="lease-reaches-the-supervisor",
        guards="the supervisor never ends a job whose agent is dead",
        path="joborch/agent/backends/local.py",
        old="        stop_after_s=run.stop_after_s,",
        new="        stop_after_s=None,",
        tests=(f"{IN_RUNS}test_a_job_ends_by_itself_when_its_lease_is_not_renewed",),
    ),
    Mutant(
        name="one-attempt-at-a-time",
        guards="a newer attempt of a job runs beside the older one",
        path=RUNS,
        old="                await older.gone.wait()",
        new="                older.gone.is_set()",
        tests=(f"{IN_FENCES}test_a_newer_attempt_waits_even_if_the_older_one_resists",),
    ),
    Mutant(
        name="cancelled-before-start",
        guards="a job starts that was cancelled on its way",
        path=RUNS,
        old="        if self._cancel_grace_s is not None:\n            return Ending(",
        new="        if self._cancel_grace_s == -1:\n            return Ending(",
        tests=(f"{IN_RUNS}test_a_cancel_with_the_lease_keeps_the_job_from_starting",),
    ),
    Mutant(
        name="adopted-not-started",
        guards="a restarted agent starts what is still running",
        path=RUNS,
        old="            self._handle = await backend.recover(self.attempt.folder)\n"
        "        if self._handle is None:",
        new="            _ = await backend.recover(self.attempt.folder)\n"
        "        if self._handle is None:",
        tests=(f"{IN_ADOPTION}test_a_running_job_survives_the_agent_and_is_reported_once",),
    ),
    Mutant(
        name="settled-stays-settled",
        guards="a restarted agent starts what was given up",
        path=RUNS,
        old="        ending = self.attempt.ending()\n",
        new="        ending = None\n",
        tests=(f"{IN_ADOPTION}test_an_attempt_that_was_settled_is_never_started",),
    ),
    Mutant(
        name="stopped-is-not-reported",
        guards="an agent reports what was taken from it",
        path=RUNS,
        old="        self.is_stopped = True\n        if self._task:",
        new="        if self._task:",
        tests=(f"{IN_RUNS}test_a_stopped_job_ends_and_leaves_neither_report_nor_files",),
    ),
    Mutant(
        name="another-server",
        guards="an agent goes on with the jobs of a server that has forgotten it",
        path=HEARTBEAT,
        old="            self._worker.stop_all()\n",
        new="",
        tests=(
            f"{IN_HEARTBEAT}test_an_agent_that_becomes_another_one_drops_the_jobs_of_the_first",
        ),
    ),
    Mutant(
        name="kept-until-acknowledged",
        guards="an agent forgets results that the server does not have",
        path="joborch/agent/delivery.py",
        old="            if disposition in FINAL:",
        new="            if disposition:",
        tests=(f"{IN_FENCES}test_what_the_server_does_not_have_yet_is_kept_and_sent_again",),
    ),
    Mutant(
        name="newest-token",
        guards="an attempt that was offered again is reported with the token that counts no more",
        path=WORKER,
        old="        return run.attempt.renew(lease)",
        new="        return run.attempt.lease.token != lease.token",
        tests=(f"{IN_ADOPTION}test_an_attempt_that_is_offered_again_takes_the_new_token",),
    ),
    Mutant(
        name="half-made-attempts",
        guards="an attempt that was half made is started",
        path="joborch/agent/attempts.py",
        old="        write_inline(attempt.work_dir, lease.files)\n        attempt._write_lease()",
        new="        attempt._write_lease()\n        write_inline(attempt.work_dir, lease.files)",
        tests=("tests/agent/test_attempts.py::test_an_attempt_that_was_half_made_does_not_load",),
    ),
)
