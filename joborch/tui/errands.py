"""A deed about certain jobs: the question that comes first, and what came of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from joborch.domain.errors import JoborchError, UnavailableError
from joborch.domain.selectors import spelt
from joborch.domain.states import GROUPS
from joborch.domain.text import one_line
from joborch.tui.deeds import MANY, Deed
from joborch.tui.formatting import fit, job_name
from joborch.tui.look import Confirm, Look
from joborch.tui.picture import Picture, is_same
from joborch.tui.questions import Question
from joborch.tui.source import Source
from joborch.tui.whereabouts import where_or_why, words
from joborch.wire.actions import ActionResult
from joborch.wire.jobs import JobView

MOST_SHOWN = 8
OTHERS = "the server has other jobs under these numbers now: nothing was done"
MOST_CELLS = 80
"""So long the names of those may be whose jobs they are, together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What will be done, and to which jobs: these, whatever the list shows meanwhile."""

    deed: Deed
    jobs: Sequence[JobView]
    """As they were when it was asked for."""
    skipped: Counter[str]
    """How many were left out, by the reason."""

    @property
    def job_ids(self) -> list[int]:
        """Return what it is about."""
        return [job.id for job in self.jobs]

    def others(self, user_id: str) -> list[str]:
        """Return whose jobs there are beside a user's own."""
        return sorted({one_line(job.user_id) for job in self.jobs} - {user_id})

    def must_ask(self, look: Look, *, is_chosen: bool) -> bool:
        """Return whether a person is to be asked first, who has chosen these jobs or not."""
        if self.demanded(look.user_id) or not is_chosen:
            return True
        match look.confirm:
            case Confirm.ALWAYS:
                return True
            case Confirm.MULTI:
                return len(self.jobs) >= self.deed.asks_from
            case Confirm.NEVER:
                return False
            case _ as never:
                assert_never(never)

    def demanded(self, user_id: str) -> str | None:
        """Return what a user has to type before it is done, if anything."""
        is_much = len(self.jobs) > MANY or bool(self.others(user_id))
        return str(len(self.jobs)) if is_much else None


def errand_for(deed: Deed, job_ids: Iterable[int], picture: Picture) -> Errand:
    """Return the errand of doing this to those of the jobs that it suits."""
    known = [job for job in map(picture.jobs.get, job_ids) if job]
    unfit = [job for job in known if not deed.suits(job)]
    return Errand(
        deed=deed,
        jobs=[job for job in known if deed.suits(job)],
        skipped=Counter(_standing(deed, job.state, words(job)) for job in unfit),
    )


def question(errand: Errand, picture: Picture, look: Look) -> Question:
    """Say which jobs, whose they are, and what is done to them."""
    jobs, more = errand.jobs, look.glyphs.more
    things = [
        f"{job.id:>6}  {fit(job_name(job, 18, more), 18)} {fit(words(job), 9, more=more)}"
        f" {fit(where_or_why(job, picture, look.glyphs), 18, more=more)}".rstrip()
        for job in jobs[:MOST_SHOWN]
    ]
    paragraphs = [errand.deed.effect]
    if others := errand.others(look.user_id):
        number = sum(job.user_id != look.user_id for job in jobs)
        which = f"{number} of them belong to" if number < len(jobs) else "they belong to"
        paragraphs.insert(0, f"Not yours: {which} {_listed(others, more)}.")
    return Question(things=things, number=len(jobs), paragraphs=paragraphs, more=more)


def noun(number: int) -> str:
    """Write a number of jobs."""
    return f"{number} job" if number == 1 else f"{number} jobs"


async def run(errand: Errand, source: Source, *, by: str) -> str:
    """Do it, as a user, and say what came of it.

    Raises:
        JoborchError: if it is not known what was done, or other jobs have these ids by now.
    """
    results: list[ActionResult] = []
    found = await as_they_are(errand.jobs, source)
    for action in errand.deed.actions(found if errand.deed.is_relative else errand.jobs):
        try:
            results += await source.act(action, by=by)
        except UnavailableError as error:
            left = noun(len(errand.jobs) - len(results))
            raise JoborchError(f"{error.message}; of {left} it is not known") from error
    return told(errand, results)


async def as_they_are(jobs: Sequence[JobView], source: Source) -> Sequence[JobView]:
    """Return the jobs as they are now.

    Raises:
        JoborchError: if it cannot be asked, or other jobs have these ids by now.
    """
    try:
        found = await source.jobs_by_id([job.id for job in jobs], required=())
    except UnavailableError as error:
        raise JoborchError(f"{error.message}; nothing was sent") from error
    if not are_the_same(jobs, {job.id: job for job in found}):
        raise JoborchError(OTHERS)
    return found


def are_the_same(before: Iterable[JobView], now: Mapping[int, JobView]) -> bool:
    """Return whether none of these ids is another job's now: the database may be another one."""
    return all(is_same(job, now.get(job.id, job)) for job in before)


def told(errand: Errand, results: Sequence[ActionResult]) -> str:
    """Say what came of an errand: ``held 18 jobs, skipped 2 (already ended)``."""
    done = [result for result in results if result.ok]
    skipped = errand.skipped + Counter(
        _refusal(errand.deed, result) for result in results if not result.ok
    )
    parts = [f"{errand.deed.done} {noun(len(done))}"] if done else []
    new = sorted(result.new_id for result in done if result.new_id is not None)
    if new:
        parts[0] += f" as {spelt(new)}"
    return ", ".join([*parts, *_left_out(skipped)])


def _listed(users: Sequence[str], more: str) -> str:
    """Write whose they are, but not a whole screen of it."""
    names = [
        user if len(user) <= MOST_CELLS else fit(user, MOST_CELLS, more=more) for user in users
    ]
    shown = names[:1]
    for name in names[1:MOST_SHOWN]:
        if len(", ".join([*shown, name])) > MOST_CELLS:
            break
        shown.append(name)
    rest = len(names) - len(shown)
    others = f" and {rest} other{'s' if rest > 1 else ''}" if rest else ""
    return f"{', '.join(shown)}{others}"


def _left_out(skipped: Counter[str]) -> Iterator[str]:
    for place, (reason, number) in enumerate(skipped.most_common()):
        yield f"{'' if place else 'skipped '}{number} ({reason})"


def _refusal(deed: Deed, result: ActionResult) -> str:
    if result.error and (result.error.code != "wrong_state" or result.state is None):
        return one_line(result.error.message)
    state = result.state or "gone"
    return _standing(deed, state, state.replace("_", " "))


def _standing(deed: Deed, state: str, said: str) -> str:
    """Say how a job stands that something cannot be done to."""
    return deed.ended if state in GROUPS["done"] else said
