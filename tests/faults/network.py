"""A network that can be broken: a server's host and agents' hosts, joined by a switch.

Each is a network namespace of its own, of this process's own name, and gone in the end. The switch
is where packets get lost, as on a real network: neither end is told. Knows nothing of joborch.
"""

import ctypes
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

_NAMESPACES = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_PROGRAMS = {"ip": "iproute2", "tc": "iproute2", "ss": "iproute2", "nft": "nftables"}
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Host:
    """A namespace with one address, and its port at the switch, where its faults are made."""

    namespace: str
    switch: str
    port: str
    address: str

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have this thread, and what it starts meanwhile, be on this host.

        Sockets stay where they were opened.
        """
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(_NAMESPACES / self.namespace)
            yield
        finally:
            _set_namespace(before)
            os.close(before)

    def cut(self) -> None:
        """Pull the cable: nothing gets through, and the host's own interface has no carrier."""
        _run("ip", "-n", self.switch, "link", "set", self.port, "down")

    def deafen(self) -> None:
        """Drop what is sent to the host; what it sends arrives."""
        self._filter(f'oifname "{self.port}" drop')

    def mute(self) -> None:
        """Drop what the host sends; what is sent to it arrives."""
        self._filter(f'iifname "{self.port}" drop')

    def lose_half(self) -> None:
        """Drop one packet in two, in either direction."""
        dice = "numgen random mod 2 == 0 drop"
        self._filter(f'iifname "{self.port}" {dice}', f'oifname "{self.port}" {dice}')

    def forget_connections(self) -> None:
        """Drop what belongs to connections open now, as a firewall that was restarted does.

        New connections are let through.
        """
        listed = _run("ip", "netns", "exec", self.namespace, "ss", "-Htn").splitlines()
        ports = sorted({line.split()[3].rpartition(":")[2] for line in listed})
        ours = "{ " + ", ".join(ports or ["0"]) + " }"
        self._filter(f"tcp sport {ours} drop", f"tcp dport {ours} drop")

    def throttle(self, rate: str) -> None:
        """Let so many bits a second through in each direction, such as ``64kbit``."""
        shape = ("root", "tbf", "rate", rate, "burst", "4kb", "latency", "400ms")
        _run("tc", "-n", self.switch, "qdisc", "replace", "dev", self.port, *shape)
        _run("tc", "-n", self.namespace, "qdisc", "replace", "dev", "eth0", *shape)

    def reset(self, other: "Host", *, one_in: int = 1) -> None:
        """Have this host refuse packets of the other with RST: all, or one in so many."""
        rule = f"ip saddr {other.address} meta l4proto tcp"
        dice = f"numgen random mod {one_in} == 0 reject with tcp reset"
        _filter(self.namespace, "inet", other.port, "input", f"{rule} {dice}")

    def accept(self, other: "Host") -> None:
        """End :meth:`reset`."""
        _unfilter(self.namespace, "inet", other.port)

    def heal(self) -> None:
        """End all faults of this host but :meth:`reset`."""
        _run("ip", "-n", self.switch, "link", "set", self.port, "up")
        _unfilter(self.switch, "bridge", self.port)
        for namespace, device in ((self.switch, self.port), (self.namespace, "eth0")):
            if "tbf" in _run("tc", "-n", namespace, "qdisc", "show", "dev", device):
                _run("tc", "-n", namespace, "qdisc", "del", "dev", device, "root")

    @property
    def dropped(self) -> int:
        """How many packets the switch has dropped since the fault began that drops them."""
        shown = _nft(self.switch, "-j", "list", "table", "bridge", self.port)
        rules = [
            entry["rule"]["expr"] for entry in json.loads(shown)["nftables"] if "rule" in entry
        ]
        return sum(
            part["counter"]["packets"] for rule in rules for part in rule if "counter" in part
        )

    def _filter(self, *rules: str) -> None:
        counted = [f"{rule.removesuffix('drop')} counter drop" for rule in rules]
        _filter(self.switch, "bridge", self.port, "forward", *counted)


@dataclass(frozen=True, slots=True)
class Network:
    """A server's host, and those of agents."""

    server: Host
    agents: tuple[Host, ...]

    def heal(self) -> None:
        """End all faults."""
        for agent in self.agents:
            agent.heal()
            self.server.accept(agent)


@contextmanager
def a_network(*, agents: int) -> Iterator[Network]:
    """Make one; this thread is on the server's host until the end.

    Skips the test, saying why, where this is not possible.
    """
    _skip_unless_possible()
    prefix = f"joborch-{os.getpid()}-{next(_numbers)}"
    with ExitStack() as stack:
        switch = stack.enter_context(_a_namespace(f"{prefix}-switch"))
        _run("ip", "-n", switch, "link", "add", "name", "lan", "type", "bridge")
        _run("ip", "-n", switch, "link", "set", "lan", "up")
        hosts = [
            _a_host(stack.enter_context(_a_namespace(f"{prefix}-{number}")), switch, number)
            for number in range(1, agents + 2)
        ]
        stack.enter_context(hosts[0].entered())
        yield Network(server=hosts[0], agents=tuple(hosts[1:]))


@contextmanager
def _a_namespace(name: str) -> Iterator[str]:
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        # Interfaces go with it, once the last process there has ended.
        _run("ip", "netns", "del", name)


def _a_host(namespace: str, switch: str, number: int) -> Host:
    host = Host(namespace, switch, f"port{number}", f"192.0.2.{number}")
    peer = ("peer", "name", "eth0", "netns", namespace)
    _run("ip", "-n", switch, "link", "add", host.port, "type", "veth", *peer)
    _run("ip", "-n", switch, "link", "set", host.port, "master", "lan", "up")
    _run("ip", "-n", namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
    _run("ip", "-n", namespace, "link", "set", "eth0", "up")
    return host


def _skip_unless_possible() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make network namespaces")
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program}; it is in the package {package}")
    try:
        with _a_namespace(f"joborch-{os.getpid()}-{next(_numbers)}-probe") as probe:
            _filter(probe, "bridge", "probe", "forward", "counter drop")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.strip()}")


def _filter(namespace: str, family: str, table: str, hook: str, *rules: str) -> None:
    """Put these rules in the place of the table's earlier ones, in one step."""
    kind = f"type filter hook {hook} priority 0; policy accept;"
    chain = "\n".join([f"chain rules {{ {kind}", *rules, "}"])
    text = f"table {family} {table}\ndelete table {family} {table}\n"
    _nft(namespace, "-f", "-", text=f"{text}table {family} {table} {{\n{chain}\n}}\n")


def _unfilter(namespace: str, family: str, table: str) -> None:
    _nft(namespace, f"table {family} {table}; delete table {family} {table}")


def _nft(namespace: str, *arguments: str, text: str = "") -> str:
    return _run("ip", "netns", "exec", namespace, "nft", *arguments, text=text)


def _run(*command: str, text: str = "") -> str:
    ended = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return ended.stdout


def _enter(namespace: Path) -> None:
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _set_namespace(descriptor)
    finally:
        os.close(descriptor)


def _set_namespace(descriptor: int) -> None:
    # os.setns would need Python 3.12.
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
