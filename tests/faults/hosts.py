"""Hosts that can be switched off and on again: each boot is a PID namespace with its own boot id.

What runs there sees small pids that begin anew, and `/proc` shows it nothing else; the network is
that of this machine. When the first process of a boot is killed, the kernel ends all others.
"""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from joborch.agent.runner import processes, records
from tests.support.site import JOBORCH, Running, Site
from tests.support.waiting import wait_until

_UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc")
_BOOT = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && exec "$2" -ISc "$3"'
_INIT = """
import contextlib, os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
print("up", flush=True)
while True:
    signal.sigwait({signal.SIGCHLD})
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
"""
_VICTIM = """
import os, signal, sys
from pathlib import Path
pid, folder = int(sys.argv[1]), sys.argv[2]
last_pid = Path("/proc/sys/kernel/ns_last_pid")
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
child = 0
while child != pid:
    last_pid.write_text(str(pid - 1))
    child = os.fork()
    if child == 0 and os.getpid() == pid:
        os.setsid()
        os.chdir(folder)
        print("works", flush=True)
        print("got signal", signal.sigwait(signal.valid_signals()), flush=True)
    if child == 0:
        os._exit(0)
    if child != pid:
        os.waitpid(child, 0)
last_pid.write_text("10000")
os.waitpid(pid, 0)
"""


@dataclass(slots=True)
class Victim:
    """An innocent process with a pid that joborch has on record."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def is_unharmed(self) -> bool:
        """Whether it lives, and no signal has reached it."""
        return self.process.poll() is None and self.log.read_text() == "works\n"


@dataclass(slots=True)
class Host:
    """A machine with an agent on it."""

    site: Site
    name: str = "compute-1"
    _machine: "subprocess.Popen[bytes] | None" = None
    _entered: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def work_dir(self) -> Path:
        """The agent's, which outlives the host's boots."""
        return self.site.home / self.name

    def attempt(self, job_id: int, number: int = 1) -> Path:
        """Where an attempt is."""
        return self.work_dir / "attempts" / f"{job_id}-{number}"

    def boot(self) -> None:
        """Switch it on: nothing runs, and everything has another pid and boot id than before."""
        boot_id = self.site.home / f"boot-{uuid.uuid4()}"
        boot_id.write_text(f"{uuid.uuid4()}\n")
        self._machine = subprocess.Popen(
            [*_UNSHARE, "sh", "-c", _BOOT, "sh", str(boot_id), sys.executable, _INIT],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._machine.stdout is not None
        assert self._machine.stdout.readline() == b"up\n"

    def power_off(self) -> None:
        """Cut the power: no process has the time for anything."""
        if self._machine is None:
            return
        for init in processes.children(self._machine.pid):
            processes.kill([init])
        self._machine.wait(20)
        assert self._machine.stdout is not None
        self._machine.stdout.close()
        for each in self._entered:
            each.wait(20)
        self._machine = None

    def agent(self, *options: str) -> Running:
        """Start an agent in the work directory of the host."""
        arguments = ["--server", self.site.url, "--name", self.name, "--service", "example:4"]
        log = self.site.home / f"{self.name}-{len(self._entered)}.log"
        work_dir = ("--work-dir", str(self.work_dir))
        process = self._enter(log, *JOBORCH, "agent", *arguments, *work_dir, *options)
        return Running(process, log)

    def kill_agent(self, agent: Running) -> None:
        """Kill an agent, and nothing else."""
        processes.kill(processes.children(agent.process.pid))
        agent.process.wait(20)

    def kill_everything(self) -> None:
        """Kill all processes at once; the host itself stays up, and their pids become free."""
        subprocess.run([*self._entrance, "sh", "-c", "kill -9 -1"], check=True)
        for each in self._entered:
            each.wait(20)

    def plant_victims(self, job_id: int) -> list[Victim]:
        """Have innocents take the pids that an attempt has on record, and work where it did."""
        folder = self.attempt(job_id)
        started = records.read_started(folder)
        assert started is not None
        victims = [self._plant(pid, folder) for pid in (started.shim_pid, started.pid)]
        assert all(victim.is_unharmed for victim in victims)
        return victims

    def _plant(self, pid: int, folder: Path) -> Victim:
        """Have an innocent process, which works in this folder, get a pid that is free."""
        log = self.site.home / f"victim-{pid}-{len(self._entered)}.log"
        process = self._enter(log, sys.executable, "-ISc", _VICTIM, str(pid), str(folder))
        wait_until(lambda: log.read_text() or process.poll() is not None, describe=log.read_text)
        return Victim(process, log)

    @property
    def _entrance(self) -> tuple[str, ...]:
        assert self._machine is not None
        [init] = processes.children(self._machine.pid)
        return ("nsenter", "--target", str(init), "--pid", "--mount", "--")

    def _enter(self, log: Path, *command: str) -> "subprocess.Popen[bytes]":
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self._entrance, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.site.environment(),
            )
        self._entered.append(process)
        return process


@contextmanager
def a_host(site: Site) -> Iterator[Host]:
    """A host that is on; whatever runs on it is gone in the end."""
    _need_namespaces()
    host = Host(site)
    host.boot()
    try:
        yield host
    finally:
        host.power_off()


def _need_namespaces() -> None:
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        pytest.skip("hosts need unshare and nsenter, of util-linux")
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"hosts need namespaces of processes and mounts: {tried.stderr.strip()}")
    if not Path("/proc/sys/kernel/ns_last_pid").exists():
        pytest.skip("this kernel does not let anybody choose a pid")
