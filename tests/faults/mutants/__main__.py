"""Takes each guard out of a copy of the program and runs the tests that should notice.

Exits with 1 if some mutant survived, with 2 if something could not be tried.
"""

import argparse
import json
import queue
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.mutants.catalogue import MUTANTS
from tests.faults.mutants.mutant import DriftError, Mutant
from tests.faults.mutants.workshop import TO_THE_END, Outcome, Workshop

EVERYDAY = ("tests",)
CAUGHT, SURVIVED, UNTRIED = "caught", "SURVIVED", "not tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a mutant."""

    mutant: str
    verdict: str
    by: str
    """The test that noticed; or why it was not tried."""
    seconds: float


class Workshops:
    """As many as there are to be mutants at a time; each is used by one thread at a time."""

    def __init__(self, home: Path, number: int) -> None:
        self._free: queue.SimpleQueue[Workshop] = queue.SimpleQueue()
        for place in range(number):
            self._free.put(Workshop(home / str(place)))

    @contextmanager
    def one(self) -> Iterator[Workshop]:
        """Use one that is free."""
        workshop = self._free.get()
        try:
            yield workshop
        finally:
            self._free.put(workshop)

    def red_without_any(self, mutants: Sequence[Mutant]) -> tuple[str, ...]:
        """Run what is expected to notice, with every guard in its place; what is red says nothing.

        Raises:
            RuntimeError: nothing could be run.
        """
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        sys.stderr.write(f"running {len(tests)} tests with every guard in its place\n")
        with self.one() as workshop:
            outcome = workshop.test(tests, TO_THE_END)
        if outcome.fault:
            raise RuntimeError(outcome.fault)
        return outcome.failed

    def try_out(self, mutant: Mutant, red: Sequence[str], *, runs_all: bool) -> Verdict:
        """Take one guard out and see who notices."""
        if known := [test for test in red if is_among(test, mutant.tests)]:
            return _verdict(mutant, f"{known[0]} is red without it")
        with self.one() as workshop:
            try:
                with workshop.without(mutant):
                    outcome = workshop.test(mutant.tests)
                    if runs_all and not (outcome.failed or outcome.fault):
                        outcome = workshop.test(EVERYDAY)
            except DriftError as error:
                return _verdict(mutant, str(error))
        return _verdict(mutant, outcome)


def main(arguments: Sequence[str]) -> int:
    """Try what was asked for, print what became of it, and return the exit status."""
    asked = _parser().parse_args(arguments)
    chosen = [mutant for mutant in MUTANTS if not asked.only or mutant.name in asked.only]
    if unknown := set(asked.only) - {mutant.name for mutant in chosen}:
        sys.stderr.write(f"mutants: there is no {', '.join(sorted(unknown))}\n")
        return 2
    if asked.list:
        sys.stdout.writelines(f"{mutant.name:30} {mutant.guards}\n" for mutant in chosen)
        return 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as home:
        workshops = Workshops(Path(home), asked.jobs)
        red = workshops.red_without_any(chosen)
        with ThreadPoolExecutor(asked.jobs) as pool:
            verdicts = [
                *pool.map(lambda one: workshops.try_out(one, red, runs_all=asked.all), chosen)
            ]
    sys.stdout.write(_as_json(verdicts) if asked.json else _as_table(verdicts))
    return _status(verdicts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="repeatable")
    parser.add_argument("--all", action="store_true", help="ask the whole suite about survivors")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time; default 1")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--list", action="store_true", help="only print what there is")
    return parser


def is_among(test: str, expected: Sequence[str]) -> bool:
    """Whether one of the expected tests or modules is this one, has it, or is in it."""
    return any(test.startswith(one) or one.startswith(f"{test}::") for one in expected)


def _verdict(mutant: Mutant, outcome: Outcome | str) -> Verdict:
    """Say what became of a mutant, and on the way that it did: it takes a while for all."""
    verdict, by, seconds = SURVIVED, "", 0.0
    if isinstance(outcome, str):
        verdict, by = UNTRIED, outcome
    else:
        seconds = round(outcome.seconds, 1)
        if outcome.fault:
            verdict, by = UNTRIED, outcome.fault
        elif outcome.failed:
            verdict, by = CAUGHT, outcome.failed[0]
    sys.stderr.write(f"{verdict:9} {mutant.name}\n")
    return Verdict(mutant=mutant.name, verdict=verdict, by=by, seconds=seconds)


def _as_json(verdicts: Sequence[Verdict]) -> str:
    return json.dumps([asdict(verdict) for verdict in verdicts], indent=2) + "\n"


def _as_table(verdicts: Sequence[Verdict]) -> str:
    lines = [
        f"{one.mutant:30} {one.verdict:9} {one.seconds:6.1f} s  {one.by.removeprefix('tests/')}\n"
        for one in verdicts
    ]
    caught = sum(one.verdict == CAUGHT for one in verdicts)
    return "".join([*lines, f"{caught} of {len(verdicts)} mutants caught\n"])


def _status(verdicts: Sequence[Verdict]) -> int:
    every = {one.verdict for one in verdicts}
    return 1 if SURVIVED in every else 2 if UNTRIED in every else 0


sys.exit(main(sys.argv[1:]))
