"""The local backend keeps the contract, and what only processes can suffer."""

import os
import signal
from pathlib import Path

from joborch.agent.backends.base import Backend, BackendError
from joborch.agent.backends.local import LocalBackend
from joborch.agent.backends.registry import BACKENDS, make_backend
from joborch.agent.endings import Cause, Ended
from joborch.agent.settings import load_settings
from tests.agent.backends.contract import LASTING, Behaviour, Bench, until_running
from tests.support.waiting import wait_until


class TestLocal(Behaviour):
    def make(self, root: Path) -> Backend:
        return LocalBackend(log=root / "launcher.log")

    def test_the_death_of_its_supervisor_is_told_and_nothing_stays(self, bench: Bench) -> None:
        spec = bench.spec(f"echo $$ > pid; {LASTING}")

        async def run(backend: Backend) -> Ended:
            handle = await backend.submit(spec)
            await until_running(spec)
            os.kill(int(handle.ref), signal.SIGKILL)
            return await backend.ended(handle)

        assert bench.go(run).cause is Cause.SUPERVISOR_LOST
        job = Path(f"/proc/{(spec.work_dir / 'pid').read_text().strip()}/cwd")
        wait_until(lambda: not job.exists())

    def test_a_stopped_supervisor_is_stuck_until_it_is_forced(self, bench: Bench) -> None:
        spec = bench.spec(f"echo $$ > pid; kill -STOP $PPID; {LASTING}")

        async def run(backend: Backend) -> tuple[bool, Ended]:
            handle = await backend.submit(spec)
            await until_running(spec)
            is_stuck = await backend.is_stuck(handle)
            await backend.force(handle)
            return is_stuck, await backend.ended(handle)

        is_stuck, ended = bench.go(run)
        assert (is_stuck, ended.cause) == (True, Cause.SUPERVISOR_LOST)
        job = Path(f"/proc/{(spec.work_dir / 'pid').read_text().strip()}/cwd")
        wait_until(lambda: not job.exists())

    def test_a_program_that_cannot_be_executed_is_told(self, bench: Bench) -> None:
        ended = bench.run("true", environment={"PATH": "/nowhere"})
        assert ended.cause is Cause.CANNOT_START
        assert "bash" in (ended.detail or "")

    def test_no_room_for_the_specification_means_that_nothing_was_submitted(
        self, bench: Bench
    ) -> None:
        spec = bench.spec("true")
        (spec.folder / "spec.json").mkdir()

        async def run(backend: Backend) -> str:
            try:
                await backend.submit(spec)
            except BackendError as error:
                assert await backend.recover(spec.folder) is None
                return error.code
            return "submitted"

        assert bench.go(run) == "backend_error"


def test_every_registered_backend_can_be_made(tmp_path: Path) -> None:
    flags = {"service": "example", "client": "http://127.0.0.1:9"}
    chosen = [load_settings(flags=flags | {"backend": name}, env={}) for name in BACKENDS]
    assert [make_backend(one, tmp_path).name for one in chosen] == list(BACKENDS)
