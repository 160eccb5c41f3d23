"""What every backend has to do. A backend's test module makes a subclass and says how to make one.

``Behaviour`` is not collected by itself; its subclasses are.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from joborch.agent.backends.base import Backend, BackendError, Handle, RunSpec, Status
from joborch.agent.endings import Cause, Ended
from tests.support.agents import ENV, end_all_attempts
from tests.support.waiting import async_wait_until

T = TypeVar("T")

LASTING = "echo begun; touch running; sleep 60"


@dataclass(frozen=True, slots=True)
class Bench:
    """A directory for attempts, and the means to make the backend, again if need be."""

    root: Path
    make: Callable[[], Backend]

    def spec(self, script: str, **changes: Any) -> RunSpec:
        folder = self.root / "7-1"
        (folder / "work").mkdir(parents=True)
        (folder / "work" / "run.sh").write_text(script)
        lease_path = self.root / "lease"
        lease_path.write_text(f"{time.clock_gettime(time.CLOCK_BOOTTIME)}\n")
        spec = RunSpec(
            folder=folder,
            work_dir=folder / "work",
            environment={"PATH": ENV["PATH"], "SAID": "hello"},
            time_limit_s=None,
            grace_s=5.0,
            lease_path=lease_path,
            stop_after_s=60.0,
        )
        return replace(spec, **changes)

    def go(self, work: Callable[[Backend], Awaitable[T]]) -> T:
        """Do something with a backend in a process's life of its own."""

        async def run() -> T:
            backend = self.make()
            try:
                return await work(backend)
            finally:
                await backend.close()

        return asyncio.run(run())

    def run(self, script: str, **changes: Any) -> Ended:
        spec = self.spec(script, **changes)

        async def submit_and_wait(backend: Backend) -> Ended:
            return await backend.ended(await backend.submit(spec))

        return self.go(submit_and_wait)


async def until_running(spec: RunSpec) -> None:
    await async_wait_until((spec.work_dir / "running").exists)


class Behaviour:
    """The contract of :class:`joborch.agent.backends.base.Backend`, sentence by sentence."""

    def make(self, root: Path) -> Backend:
        raise NotImplementedError

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        yield Bench(tmp_path, lambda: self.make(tmp_path))
        end_all_attempts(tmp_path)

    def test_a_script_runs_in_its_directory_with_exactly_its_environment(
        self, bench: Bench
    ) -> None:
        ended = bench.run('test -f run.sh && test "$SAID" = hello && test -z "${HOME+x}"')
        assert (ended.cause, ended.exit_code, ended.signal) == (Cause.EXITED, 0, None)
        assert ended.started_at is not None
        assert ended.ended_at is not None
        assert ended.started_at <= ended.ended_at

    def test_an_exit_code_is_passed_on(self, bench: Bench) -> None:
        assert bench.run("exit 3").exit_code == 3

    def test_a_signal_is_passed_on(self, bench: Bench) -> None:
        assert bench.run("kill -SEGV $$").signal == 11

    def test_output_is_in_the_logs_once_collected(self, bench: Bench) -> None:
        spec = bench.spec("echo out; echo err >&2")

        async def run(backend: Backend) -> dict[str, str]:
            handle = await backend.submit(spec)
            await backend.ended(handle)
            await backend.collect(handle)
            await backend.collect(handle)
            return {name: path.read_text() for name, path in backend.log_paths(spec.folder).items()}

        assert bench.go(run) == {"stdout": "out\n", "stderr": "err\n"}

    def test_a_time_limit_ends_it(self, bench: Bench) -> None:
        assert bench.run("sleep 60", time_limit_s=0.2).cause is Cause.TIMED_OUT

    def test_a_lease_that_is_not_renewed_ends_it(self, bench: Bench) -> None:
        assert bench.run("sleep 60", stop_after_s=0.3).cause is Cause.LEASE_LOST

    def test_a_cancel_ends_it_and_may_be_repeated(self, bench: Bench) -> None:
        spec = bench.spec(LASTING)

        async def run(backend: Backend) -> Ended:
            handle = await backend.submit(spec)
            await until_running(spec)
            await backend.cancel(handle, grace_s=5)
            await backend.cancel(handle, grace_s=5)
            ended = await backend.ended(handle)
            await backend.cancel(handle, grace_s=5)
            assert await backend.ended(handle) == ended
            return ended

        assert bench.go(run).cause is Cause.CANCELLED

    def test_a_cancel_with_no_grace_kills_what_ignores_sigterm(self, bench: Bench) -> None:
        spec = bench.spec(f"trap '' TERM; {LASTING}")

        async def run(backend: Backend) -> Ended:
            handle = await backend.submit(spec)
            await until_running(spec)
            await backend.cancel(handle, grace_s=0)
            return await backend.ended(handle)

        assert bench.go(run).cause is Cause.CANCELLED

    def test_a_shutdown_ends_it_with_a_cause_of_its_own(self, bench: Bench) -> None:
        spec = bench.spec(LASTING)

        async def run(backend: Backend) -> Ended:
            handle = await backend.submit(spec)
            await until_running(spec)
            await backend.shut_down(handle)
            return await backend.ended(handle)

        assert bench.go(run).cause is Cause.SHUTDOWN

    def test_what_runs_or_has_ended_is_not_stuck(self, bench: Bench) -> None:
        spec = bench.spec(LASTING)

        async def run(backend: Backend) -> list[bool]:
            handle = await backend.submit(spec)
            await until_running(spec)
            stuck = [await backend.is_stuck(handle)]
            await backend.cancel(handle, grace_s=0)
            await backend.ended(handle)
            return [*stuck, await backend.is_stuck(handle)]

        assert bench.go(run) == [False, False]

    def test_force_ends_it_and_harms_nothing_that_has_ended(self, bench: Bench) -> None:
        spec = bench.spec(LASTING)

        async def run(backend: Backend) -> Ended:
            handle = await backend.submit(spec)
            await until_running(spec)
            await backend.force(handle)
            ended = await backend.ended(handle)
            await backend.force(handle)
            return ended

        assert bench.go(run).cause is Cause.SUPERVISOR_LOST

    def test_a_folder_is_never_submitted_twice(self, bench: Bench) -> None:
        spec = bench.spec("echo once >> ran")

        async def run(backend: Backend) -> None:
            await backend.ended(await backend.submit(spec))
            with pytest.raises(BackendError):
                await backend.submit(spec)

        bench.go(run)
        assert (spec.work_dir / "ran").read_text() == "once\n"

    def test_what_was_never_submitted_is_not_recovered(self, bench: Bench) -> None:
        spec = bench.spec("true")

        async def recover(backend: Backend) -> Handle | None:
            return await backend.recover(spec.folder)

        assert bench.go(recover) is None

    def test_another_process_recovers_what_runs(self, bench: Bench) -> None:
        spec = bench.spec("touch running; while [ ! -e on ]; do sleep .02; done; exit 4")

        async def start(backend: Backend) -> None:
            await backend.submit(spec)
            await until_running(spec)

        async def recover(backend: Backend) -> Ended:
            handle = await backend.recover(spec.folder)
            assert handle is not None
            assert await backend.poll([handle]) == {handle: Status.RUNNING}
            (spec.work_dir / "on").touch()
            ended = await backend.ended(handle)
            assert await backend.poll([handle]) == {handle: Status.ENDED}
            return ended

        bench.go(start)
        assert bench.go(recover).exit_code == 4

    def test_another_process_recovers_what_has_ended(self, bench: Bench) -> None:
        ended = bench.run("exit 5")

        async def recover(backend: Backend) -> Ended:
            handle = await backend.recover(bench.root / "7-1")
            assert handle is not None
            return await backend.ended(handle)

        assert bench.go(recover) == ended

    def test_a_wait_that_is_cancelled_harms_nothing(self, bench: Bench) -> None:
        spec = bench.spec("touch running; while [ ! -e on ]; do sleep .02; done")

        async def run(backend: Backend) -> Ended:
            handle = await backend.submit(spec)
            await until_running(spec)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(backend.ended(handle), 0.01)
            (spec.work_dir / "on").touch()
            return await backend.ended(handle)

        assert bench.go(run).exit_code == 0
