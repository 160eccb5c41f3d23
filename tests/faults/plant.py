"""A site under attack: jobs keep coming, processes keep dying, and are started again."""

import random
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

import httpx

from joborch.domain.quotas import Limits
from tests.faults import invariants, oracle
from tests.faults.killer import AGENT, JOB, KINDS, LAUNCHER, SERVER, SHIM, Killer, launchers
from tests.faults.oracle import Ticket
from tests.support.site import Running, Site
from tests.support.waiting import wait_until

QUOTAS = {
    "fast": Limits(per_user=2, total=6),
    "slow": Limits(per_user=3, total=5),
    "wide": Limits(per_user=4, total=None),
}
USERS = ("ann", "bob", "cleo", "dan")
AGENTS = ("compute-1", "compute-2")
LOST_AFTER_S = 60
_SLOTS = 3
_AGAIN = 0.05
"""How many submissions are repeated although they were answered."""
_BULK_BYTES = 300_000
"""Too much to travel inside a lease, or twice as much inside a report."""
_PATIENCE_S = 1.0
"""How long a killer waits for something to kill."""
_LONG_S = 60.0
"""An attack for which it does not matter when a job waits for its third attempt."""
_KILLED = -SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """How much of everything, and from which seed."""

    seed: int
    jobs: int
    kills: int
    lasts_s: float
    """Over this time jobs are submitted and processes killed."""
    kinds: tuple[str, ...] = KINDS


@dataclass(slots=True)
class Plant:
    """A server, two agents, and everything that is done to them."""

    site: Site
    attack: Attack
    journal: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The ids that were answered to each ticket."""
    accidents: list[str] = field(default_factory=list)
    """Processes that ended although nobody killed them."""
    tickets: list[Ticket] = field(init=False)
    killer: Killer = field(init=False)
    _up: dict[str, Running] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.oracle.mkdir()
        self.tickets = make_tickets(self.attack)
        dice = random.Random(self.attack.seed)  # noqa: S311 - to be repeated, not to be secret
        most_attempts = 1 if self.attack.lasts_s < _LONG_S else 3
        self.killer = Killer(self.site.home, dice, most_attempts)

    @property
    def oracle(self) -> Path:
        """Where jobs write what they do."""
        return self.site.home / "oracle"

    @property
    def data(self) -> Path:
        """The server's."""
        return self.site.home / "data"

    def run(self) -> None:
        """Go through the attack, wait for its end, and stop everything in good order."""
        self._up[SERVER] = self.site.serve(*_services())
        for name in AGENTS:
            self._start_agent(name)
        submitting = threading.Thread(target=self._submit_all, name="submit", daemon=True)
        submitting.start()
        self._kill_all()
        submitting.join(timeout=60 + 3 * self.attack.lasts_s)
        self._wait()
        self._stop()

    def violations(self) -> list[str]:
        """Check everything that must be true now."""
        marks = oracle.read_marks(self.oracle)
        disturbed = self.killer.of(JOB)
        lost = self.killer.of(SHIM)
        with invariants.opened(self.data / "joborch.db") as database:
            return [
                *self.accidents,
                *invariants.ends_once(database),
                *invariants.follows_the_table(database),
                *invariants.keeps_quotas(database, QUOTAS),
                *invariants.publishes_what_ran(
                    database, self.data, self.tickets, disturbed=disturbed
                ),
                *invariants.never_overlaps(marks),
                *invariants.ran_if_it_ended(database, marks, disturbed=disturbed),
                *invariants.leaves_no_process(self.site.home),
                *invariants.keeps_what_was_accepted(database, self.tickets, self.journal),
                *invariants.counts_right(database),
                *invariants.leaves_no_orphans(database, self.data),
                *invariants.all_ended(database),
                *invariants.reruns_only_what_was_lost(
                    database, lost, launchers_died=bool(self.killer.counts[LAUNCHER])
                ),
            ]

    def _submit_all(self) -> None:
        """Submit every ticket until it is accepted, spread over the time of the attack."""
        dice = random.Random(self.attack.seed + 1)  # noqa: S311 - as above
        began = time.monotonic()
        with httpx.Client(timeout=10) as client:
            for number, ticket in enumerate(self.tickets):
                due = began + self.attack.lasts_s * number / len(self.tickets)
                time.sleep(max(due - time.monotonic(), 0))
                self._submit(client, ticket)
                if dice.random() < _AGAIN:
                    self._submit(client, ticket)

    def _submit(self, client: httpx.Client, ticket: Ticket) -> None:
        while not (ids := self._try_to_submit(client, ticket)):
            time.sleep(0.05)
        self.journal[ticket.name] += ids

    def _try_to_submit(self, client: httpx.Client, ticket: Ticket) -> list[int]:
        """Submit once; no ids if there was no answer, or only that it is to be tried again."""
        try:
            answer = client.post(
                f"{self.site.url}/api/v1/jobs",
                data={
                    "user_id": ticket.user,
                    "service": ticket.service,
                    "name": ticket.name,
                    "max_attempts": "10",
                },
                files=[("file", file) for file in ticket.files(self.oracle).items()],
                headers={"Idempotency-Key": ticket.name},
            )
        except httpx.TransportError:
            return []
        if answer.status_code not in {200, 201}:
            self.accidents.append(f"ticket {ticket.name}: {answer.status_code} {answer.text}")
            return []
        return [job["id"] for job in answer.json()["jobs"]]

    def _kill_all(self) -> None:
        """Kill as many as the attack says, at times that nobody can foresee."""
        dice, pause_s = self.killer.dice, self.attack.lasts_s / max(self.attack.kills, 1)
        stop_at = time.monotonic() + 3 * self.attack.lasts_s + 60
        while len(self.killer.kills) < self.attack.kills and time.monotonic() < stop_at:
            time.sleep(dice.uniform(0, 2 * pause_s))
            self._restart_dead()
            self._kill_one(dice.choice(self.attack.kinds))
        self._restart_dead()

    def _kill_one(self, kind: str) -> None:
        if kind not in {SERVER, AGENT}:
            self._strike(kind)
            return
        name = SERVER if kind == SERVER else self.killer.dice.choice(AGENTS)
        self._crash(name, kind)

    def _crash(self, name: str, kind: str) -> None:
        running = self._up[name]
        if running.process.poll() is None:
            self.killer.note(kind, running.process.pid)
            running.end(SIGKILL)
        time.sleep(self.killer.dice.uniform(0, 0.3))
        self._restart_dead()

    def _strike(self, kind: str) -> None:
        """Kill something of this kind as soon as there is any; give up after a while."""
        give_up_at = time.monotonic() + _PATIENCE_S
        while not self.killer.strike(kind) and time.monotonic() < give_up_at:
            time.sleep(0.05)

    def _restart_dead(self) -> None:
        """Start again what has ended; nothing may have ended by itself."""
        for name, running in list(self._up.items()):
            status = running.process.poll()
            if status is None:
                continue
            if status != _KILLED:
                self.accidents.append(f"{name} ended with {status}: {running.said[-2000:]}")
            if name == SERVER:
                self._start_server()
            else:
                self._start_agent(name)

    def _start_server(self) -> None:
        port = str(self.site.port)
        options = ["--data", str(self.data), "--port", port, *_services()]
        self._up[SERVER] = self.site.run("server", "serve", *options)

    def _start_agent(self, name: str) -> None:
        options = ["--server", self.site.url, "--name", name]
        options += ["--work-dir", str(self.site.home / name)]
        options += [text for service in QUOTAS for text in ("--service", f"{service}:{_SLOTS}")]
        self._up[name] = self.site.run(name, "agent", *options)

    def _wait(self) -> None:
        """Wait until every job has ended, as long as some do; the checks name the others."""
        left, seen_at = self._unfinished(), time.monotonic()
        while left and time.monotonic() < seen_at + 3 * LOST_AFTER_S:
            self._restart_dead()
            time.sleep(0.1)
            if (now_left := self._unfinished()) < left:
                left, seen_at = now_left, time.monotonic()
        folders = [self.site.home / name / "attempts" for name in AGENTS]
        while any(any(folder.iterdir()) for folder in folders) and time.monotonic() < seen_at + 60:
            time.sleep(0.1)

    def _unfinished(self) -> int:
        with invariants.opened(self.data / "joborch.db") as database:
            query = "SELECT count(*) FROM jobs WHERE finished_at IS NULL"
            return int(database.execute(query).fetchone()[0])

    def _stop(self) -> None:
        """End all of it; the server once more by force, so that it mends its files at a start."""
        for name in AGENTS:
            self._up[name].end()
        self._up[SERVER].end(SIGKILL)
        self.site.serve(*_services()).end()
        wait_until(
            lambda: not launchers(self.site.home),
            timeout=10,
            describe=lambda: f"launchers {launchers(self.site.home)}",
        )


def make_tickets(attack: Attack) -> list[Ticket]:
    """Make up jobs of every user and service; the same ones for the same seed."""
    dice = random.Random(attack.seed + 2)  # noqa: S311 - as above
    return [
        Ticket(
            name=f"ticket-{number:05}",
            user=dice.choice(USERS),
            service=dice.choice(sorted(QUOTAS)),
            nap_s=dice.uniform(0.02, 0.4),
            status=dice.choice((0, 0, 0, 3)),
            leaves_stray=dice.random() < 0.2,
            bulk_bytes=_BULK_BYTES if dice.random() < 0.1 else 0,
        )
        for number in range(attack.jobs)
    ]


def _services() -> list[str]:
    texts = []
    for name, limits in QUOTAS.items():
        options = f"per_user={limits.per_user},lost_after={LOST_AFTER_S}s,max_attempts=10"
        total = "" if limits.total is None else f",max={limits.total}"
        texts += ["--service", f"{name}:{options}{total}"]
    return texts
