"""A site of several hosts: the server on one, each agent on its own, and a network between them."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.network import Host, Network, a_network
from tests.support.site import Running, Site, a_site
from tests.support.waiting import wait_until


@dataclass(slots=True)
class Branches:
    """What tests do there; they are on the server's host themselves."""

    site: Site
    network: Network

    @property
    def names(self) -> list[str]:
        """What the agents are called, each after its host."""
        return [f"compute-{number}" for number, _ in enumerate(self.network.agents, start=1)]

    def host_of(self, agent: str) -> Host:
        """Return where an agent is."""
        return self.network.agents[self.names.index(agent)]

    def start(self, agent: str, *services: str, port: int | None = None) -> Running:
        """Start an agent on its host; it may take a moment to appear.

        It calls the server's own port unless another one is named.
        """
        server = f"http://{self.site.host}:{port or self.site.port}"
        options = ["--server", server, "--name", agent]
        options += ["--work-dir", str(self.site.home / agent)]
        options += [text for service in services for text in ("--service", service)]
        with self.host_of(agent).entered():
            return self.site.run(agent, "agent", *options)

    def start_all(self, agents: Sequence[str], *services: str) -> dict[str, Running]:
        """Start agents side by side, and wait until the server has heard of all of them."""
        started = {agent: self.start(agent, *services) for agent in agents}
        wait_until(lambda: self.up >= set(agents), timeout=30, describe=lambda: self.up)
        return started

    @property
    def up(self) -> set[str]:
        """The agents that the server has heard of lately."""
        agents = self.site.get("/api/v1/agents").json()["items"]
        return {agent["name"] for agent in agents if agent["state"] == "up"}

    def has_attempts(self, agent: str) -> bool:
        """Whether anything is left to an agent that it has to run, end or report."""
        return any((self.site.home / agent / "attempts").iterdir())


@contextmanager
def hanging(running: Running) -> Iterator[None]:
    """Stop a process, as a host does that swaps; it goes on in the end."""
    running.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        running.process.send_signal(signal.SIGCONT)


@contextmanager
def branches(home: Path, *, agents: int) -> Iterator[Branches]:
    """Make them; in the end nothing is left of processes and network."""
    with (
        a_network(agents=agents) as network,
        a_site(home, network.server.address, is_warm=False) as site,
    ):
        try:
            yield Branches(site, network)
        finally:
            network.heal()
