"""What makes the supervisor of an attempt start it once, end all of it, and tell the truth."""

from tests.faults.mutants.mutant import Mutant

SHIM, JOB, PHASES = (
    "joborch/agent/runner/shim.py",
    "joborch/agent/runner/job.py",
    "joborch/agent/runner/phases.py",
)
WATCH, CONTROL, LOCAL = (
    "joborch/agent/runner/watch.py",
    "joborch/agent/runner/control.py",
    "joborch/agent/backends/local.py",
)
IN_SHIM = "tests/agent/runner/test_shim.py::"
IN_PHASES = "tests/agent/runner/test_phases.py::"
IN_WATCH = "tests/agent/runner/test_watch.py::"
IN_CONTROL = "tests/agent/runner/test_control.py::"
IN_LAUNCHER = "tests/agent/runner/test_launcher.py::"
IN_LOCAL = "tests/agent/backends/test_local.py"
IN_START = "tests/agent/runner/test_start_and_end.py::"
IN_FENCES = "tests/agent/test_fences.py::"
IN_CRASH = "tests/agent/runner/test_crash_points.py"

MUTANTS = (
    Mutant(
        name="attempt-lock",
        guards="two supervisors run one attempt",
        path=SHIM,
        old="            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        new="            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        tests=(f"{IN_LAUNCHER}test_an_attempt_is_started_once",),
    ),
    Mutant(
        name="never-twice",
        guards="an attempt that was started is started again",
        path=SHIM,
        old="    if records.has_started(directory):\n        return EXIT_ALREADY_STARTED",
        new="    if records.has_started(directory) is None:\n        return EXIT_ALREADY_STARTED",
        tests=(IN_CRASH, f"{IN_LAUNCHER}test_an_attempt_is_started_once"),
    ),
    Mutant(
        name="submitted-once",
        guards="the agent asks for a start of what was started",
        path=LOCAL,
        old="        if records.has_started(run.folder):",
        new="        if records.has_started(run.folder) is None:",
        tests=(IN_LOCAL,),
    ),
    Mutant(
        name="start-record",
        guards="nobody knows that an attempt was started",
        path=SHIM,
        old="        records.write_started(directory, started)",
        new="        records.read_started(directory)",
        tests=(IN_CRASH,),
    ),
    Mutant(
        name="barrier",
        guards="a job runs before its start is recorded",
        path=JOB,
        old="        if os.read(permission, 1) == _GO:",
        new="        if permission:",
        tests=(IN_CRASH, f"{IN_START}test_a_job_whose_start_cannot_be_recorded_never_runs"),
    ),
    Mutant(
        name="barrier-of-the-dead",
        guards="a job runs although its supervisor has died",
        path=JOB,
        old="        if os.read(permission, 1) == _GO:",
        new='        if os.read(permission, 1) in {_GO, b""}:',
        tests=(f"{IN_START}test_a_job_that_nobody_lets_run_ends_without_having_run",),
    ),
    Mutant(
        name="lock-is-not-inherited",
        guards="a job waits for ever for a supervisor that has died, and holds its lock",
        path=JOB,
        old="        close_all_except(permission, complaint)\n",
        new="",
        tests=(f"{IN_START}test_a_job_that_nobody_lets_run_ends_without_having_run",),
    ),
    Mutant(
        name="dies-with-its-supervisor",
        guards="a job runs on though nobody watches it",
        path=JOB,
        old="    linux.die_with_parent(signal.SIGKILL)\n",
        new="",
        tests=(f"{IN_PHASES}test_a_job_dies_with_its_supervisor",),
    ),
    Mutant(
        name="adopts-orphans",
        guards="what a job starts in the background escapes",
        path=SHIM,
        old="    linux.adopt_orphans()\n",
        new="",
        tests=(f"{IN_SHIM}test_what_a_job_leaves_behind_is_killed",),
    ),
    Mutant(
        name="kills-what-is-left",
        guards="what a job starts in the background outlives it",
        path=SHIM,
        old="    elapsed_s = time.monotonic() - began\n    _clear(watch.signals)",
        new="    elapsed_s = time.monotonic() - began\n    _reap_all()",
        tests=(f"{IN_SHIM}test_what_a_job_leaves_behind_is_killed",),
    ),
    Mutant(
        name="whole-tree-is-told",
        guards="a program is killed without having been asked to end, as only bash was",
        path=WATCH,
        old="                processes.terminate_descendants(os.getpid())",
        new="                os.kill(self._job_pid, signal.SIGTERM)",
        tests=(f"{IN_START}test_the_program_that_a_script_waits_for_is_told_to_end_too",),
    ),
    Mutant(
        name="launcher-kills-strays",
        guards="what a killed supervisor left runs on",
        path="joborch/agent/runner/launcher.py",
        old="        if has_strays:\n            self._kill_strays()",
        new="        if has_strays is None:\n            self._kill_strays()",
        tests=(f"{IN_LAUNCHER}test_a_launcher_kills_what_a_killed_shim_left",),
    ),
    Mutant(
        name="leftovers-at-the-end",
        guards="what a killed supervisor left runs on while its job is run again",
        path=LOCAL,
        old="                await in_thread(partial(phases.kill_leftovers, handle.folder,"
        " phase.started))\n",
        new="",
        tests=(f"{IN_FENCES}test_what_a_killed_supervisor_and_launcher_leave_is_killed",),
    ),
    Mutant(
        name="leftovers-at-recovery",
        guards="a restarted agent leaves running what nobody watches",
        path=LOCAL,
        old="            await in_thread(partial(phases.kill_leftovers, folder, phase.started))\n",
        new="            pass\n",
        tests=(f"{IN_FENCES}test_what_is_left_of_a_lost_attempt_is_killed_when_it_is_recovered",),
    ),
    Mutant(
        name="lock-before-records",
        guards="an end that the job wrote itself is believed",
        path=PHASES,
        old="    if is_locked(directory):\n        return Running(",
        new="    if is_locked(directory) and not records.read_ended(directory):\n"
        "        return Running(",
        tests=(f"{IN_START}test_an_end_that_a_job_wrote_while_it_runs_is_not_believed",),
    ),
    Mutant(
        name="boot-of-the-end",
        guards="what a power cut may have torn is believed",
        path=PHASES,
        old="    if started is not None and started.boot_id != (boot_id or linux.boot_id()):",
        new="    if started is not None and started.boot_id is None:",
        tests=(f"{IN_PHASES}test_after_a_reboot_nothing_is_believed",),
    ),
    Mutant(
        name="boot-of-leftovers",
        guards="processes of somebody else are killed after a reboot",
        path=PHASES,
        old="    if started.boot_id != (boot_id or linux.boot_id()):\n        return []",
        new="    if started.boot_id is None:\n        return []",
        tests=(f"{IN_PHASES}test_of_another_boot_nothing_is_killed",),
    ),
    Mutant(
        name="pid-and-start",
        guards="somebody who got the pid of a job is killed",
        path=PHASES,
        old="        return leader.start_ticks == started.start_ticks",
        new="        return True",
        tests=(f"{IN_PHASES}test_a_stranger_who_got_the_pid_is_not_killed",),
    ),
    Mutant(
        name="leftovers-use-the-directory",
        guards="somebody who got the session of a job is killed",
        path=PHASES,
        old=" and _uses(process.pid, directory.resolve())",
        new="",
        tests=(f"{IN_PHASES}test_without_a_leader_only_what_uses_the_directory_is_killed",),
    ),
    Mutant(
        name="leftovers-by-environment",
        guards="what has left the session of a job runs on while the job is run again",
        path=PHASES,
        old="    return not own.isdisjoint(processes.environment(process.pid))",
        new="    return own.isdisjoint(own)",
        tests=(
            f"{IN_PHASES}"
            "test_leftovers_that_left_session_and_directory_are_told_by_their_environment",
            f"{IN_FENCES}"
            "test_what_has_left_its_session_is_killed_before_the_attempt_is_reported_lost",
        ),
    ),
    Mutant(
        name="leftovers-of-this-attempt",
        guards="the processes of another attempt are killed with those of a lost one",
        path=PHASES,
        old="    return not own.isdisjoint(processes.environment(process.pid))",
        new="    return any(o.startswith(min(own)) for o in processes.environment(process.pid))",
        tests=(f"{IN_PHASES}test_who_belongs_to_another_attempt_is_not_killed",),
    ),
    Mutant(
        name="leftovers-spare-the-caller",
        guards="who kills the leftovers of an attempt kills itself",
        path=PHASES,
        old="process.pid == os.getpid() or ",
        new="",
        tests=(f"{IN_PHASES}test_who_kills_leftovers_spares_itself",),
    ),
    Mutant(
        name="lock-proves-the-pid",
        guards="somebody who got the pid of a supervisor is signalled",
        path=CONTROL,
        old="        yield pidfd if phases.is_locked(attempt_dir) else None",
        new="        yield pidfd",
        tests=(
            f"{IN_CONTROL}test_a_recycled_pid_is_not_signalled",
            f"{IN_CONTROL}test_a_recycled_pid_is_not_waited_for",
        ),
    ),
    Mutant(
        name="forbidden-for-good",
        guards="an attempt that was given up is started by a supervisor that comes late",
        path=PHASES,
        old="        records.write_ended(directory, ended)\n    except",
        new="        _ = ended\n    except",
        tests=(f"{IN_PHASES}test_a_forbidden_attempt_can_never_start",),
    ),
    Mutant(
        name="end-before-cancel",
        guards="a job that ended by itself is taken for cancelled",
        path=WATCH,
        old="            arrived = self._sleep()\n",
        new="            arrived = self._sleep()\n"
        "            if signal.SIGTERM in arrived:\n"
        "                self._obey()\n",
        tests=(f"{IN_WATCH}test_a_job_that_ended_before_the_cancel_has_exited",),
    ),
    Mutant(
        name="first-cause-counts",
        guards="a job that was timed out is called cancelled",
        path=WATCH,
        old="        if self._cause is None:\n            self._cause = cause",
        new="        if cause:\n            self._cause = cause",
        tests=(f"{IN_START}test_a_job_that_was_timed_out_is_not_cancelled_after",),
    ),
    Mutant(
        name="lease-is-watched",
        guards="a job outlives its lease",
        path=WATCH,
        old="        if self._lease.is_lost():",
        new="        if self._lease.is_lost() is None:",
        tests=(f"{IN_WATCH}test_a_lease_that_is_not_renewed_stops_the_job",),
    ),
    Mutant(
        name="limit-is-watched",
        guards="a job runs longer than it may",
        path=WATCH,
        old="        if self._cause is None and time.monotonic() >= self._limit_at:",
        new="        if self._cause is None and self._limit_at < 0:",
        tests=(f"{IN_WATCH}test_the_time_limit_ends_the_whole_tree",),
    ),
    Mutant(
        name="no-new-privileges",
        guards="a job becomes somebody whom nobody here can kill",
        path=JOB,
        old="    linux.renounce_new_privileges()\n",
        new="",
        tests=(f"{IN_SHIM}test_a_job_is_fenced_in",),
    ),
)
