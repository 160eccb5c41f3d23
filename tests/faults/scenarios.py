"""What a server is doing when something happens to it: each of these can be done at any fault."""

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from signal import SIGTERM

import httpx

from tests.faults.errands import Errand
from tests.faults.sizes import size
from tests.faults.stand import Stand
from tests.faults.strace import Injection
from tests.support.hand_agent import a_zip
from tests.support.waiting import wait_until

SMALL = {"run.sh": b"echo hello\n"}
LARGE = SMALL | {
    "data/in.bin": random.Random(1).randbytes(1_200_000),  # noqa: S311 - no secret
    "data/deep/er.txt": b"x",
}
FEW = a_zip({"out.txt": "result"})
MANY = a_zip({"out.txt": random.Random(2).randbytes(200_000).hex()})  # noqa: S311 - no secret

Gone = (httpx.TransportError, httpx.HTTPStatusError)
Act = Callable[[Stand, Errand, str, Injection | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``prepare`` brings a stand to it, ``act`` does it once, ``finish`` goes on till the end."""

    name: str
    prepare: Callable[[Stand], Errand]
    act: Act
    finish: Callable[[Stand, Errand], None]
    is_request: bool = False
    """Whether all that ``act`` does is to ask the server for something."""

    @property
    def commits(self) -> bool:
        """Whether it is a request that is durable when it is answered."""
        return self.is_request and "upload" not in self.name.split(": ")

    def __str__(self) -> str:
        return self.name


def _steps(
    kind: str, make: Callable[[Stand], Errand], *steps: Callable[[Errand], None], skip: int = 0
) -> Iterator[Scenario]:
    """Make a scenario of every step of an errand but the first few."""
    for number, step in [*enumerate(steps)][skip:]:
        yield _at_step(f"{kind}: {step.__name__}", make, steps[:number], step, steps[number:])


def _at_step(
    name: str,
    make: Callable[[Stand], Errand],
    before: tuple[Callable[[Errand], None], ...],
    step: Callable[[Errand], None],
    after: tuple[Callable[[Errand], None], ...],
) -> Scenario:
    def prepare(stand: Stand) -> Errand:
        errand = make(stand)
        for earlier in before:
            earlier(errand)
        return errand

    def act(stand: Stand, errand: Errand, calls: str, injection: Injection | None) -> None:
        with stand.watched(calls, injection):
            step(errand)

    def finish(_: Stand, errand: Errand) -> None:
        for later in after:
            later(errand)
        errand.check()

    return Scenario(name=name, prepare=prepare, act=act, finish=finish, is_request=True)


def _small(stand: Stand) -> Errand:
    return Errand(stand, SMALL, FEW)


def _large(stand: Stand) -> Errand:
    return Errand(stand, LARGE, MANY)


def _over(stand: Stand) -> Errand:
    """An errand that is done, and a server that is not there any more."""
    errand = _done(stand)
    stand.server.end()
    return errand


def _done(stand: Stand) -> Errand:
    errand = _small(stand)
    for step in _TO_THE_END:
        step(errand)
    return errand


def _messy(stand: Stand) -> Errand:
    """As many things as a crash may leave half done, and counters that nobody can explain."""
    errand = _over(stand)
    for place in ("staging/00", "payloads/ab/half", "trash/old"):
        (stand.data / place).mkdir(parents=True)
        (stand.data / place / "file").write_bytes(b"x")
    (stand.data / "incoming" / "999-1").write_bytes(b"x")
    (stand.data / "results" / "000000").mkdir(exist_ok=True)
    (stand.data / "results" / "000000" / "1-99.zip").write_bytes(b"x")
    with closing(sqlite3.connect(stand.data / "joborch.db")) as database, database:
        database.execute("UPDATE usage SET active = 7, queued = 3")
    return errand


def _nothing(stand: Stand) -> Errand:
    stand.forget()
    return _small(stand)


def _start(stand: Stand, _: Errand, calls: str, injection: Injection | None) -> None:
    with stand.start_watched(calls, injection):
        pass


def _start_and_clean(stand: Stand, errand: Errand, calls: str, injection: Injection | None) -> None:
    with stand.start_watched(calls, injection, max_age="0.05s"), suppress(httpx.TransportError):
        _wait_removed(stand, errand)


def _stop(stand: Stand, _: Errand, calls: str, injection: Injection | None) -> None:
    with stand.watched(calls, injection):
        os.kill(stand.server.pid, SIGTERM)
        wait_until(lambda: not stand.server.is_alive)


def _goes_on(stand: Stand, errand: Errand) -> None:
    """What was done is still there, and more can be done."""
    errand.check()
    _done(stand).check()


def _begins(stand: Stand, errand: Errand) -> None:
    stand.enrol()
    for step in _TO_THE_END:
        step(errand)
    errand.check()


def _is_removed_at_last(stand: Stand, errand: Errand) -> None:
    """Results are whole or gone; the next pass of the cleaning finishes what was begun."""
    found = stand.http.get(f"/api/v1/jobs/{errand.job_id}/results")
    assert found.content == errand.results or found.status_code == httpx.codes.GONE, found.text
    stand.server.end()
    stand.start(max_age="0.05s")
    _wait_removed(stand, errand)
    stand.server.end()
    stand.start()


def _wait_removed(stand: Stand, errand: Errand) -> None:
    def says_so() -> bool:
        job = stand.http.get(f"/api/v1/jobs/{errand.job_id}").raise_for_status().json()
        return job["results"]["removed_at"] is not None

    wait_until(says_so, describe=lambda: stand.server.said)


_TO_THE_END = (Errand.submit, Errand.take, Errand.report_inline)
_CANCELLED = (Errand.submit, Errand.take, Errand.cancel, Errand.report_inline)
_LARGE = (Errand.submit, Errand.take, Errand.upload, Errand.report_uploaded)

SCENARIOS = [
    *_steps("small", _small, *_TO_THE_END),
    *_steps("large", _large, *_LARGE),
    *_steps("waiting", _small, Errand.submit, Errand.cancel, skip=1),
    *_steps("running", _small, *_CANCELLED, skip=2),
    Scenario(name="first start", prepare=_nothing, act=_start, finish=_begins),
    Scenario(name="start after a crash", prepare=_messy, act=_start, finish=_goes_on),
    Scenario(name="stop", prepare=_done, act=_stop, finish=_goes_on),
    Scenario(name="clean", prepare=_over, act=_start_and_clean, finish=_is_removed_at_last),
]

_EVERYDAY = (
    *("large: submit", "small: take", "small: report_inline", "large: report_uploaded"),
    *("running: cancel", "start after a crash", "clean"),
)
CHOSEN = size([one for one in SCENARIOS if one.name in _EVERYDAY], nightly=SCENARIOS)
