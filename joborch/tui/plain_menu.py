"""What a person at a terminal can do in ``joborch top --plain``: a menu, answered in lines.

Nothing is done before a question was answered that names the jobs it is about.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, aclosing
from typing import Protocol

from joborch.client import LogRestarted
from joborch.domain.errors import JoborchError
from joborch.domain.selectors import FromInput, Last, parse_selector
from joborch.domain.text import one_line, sanitize
from joborch.tui.deeds import CANCEL, HOLD, RELEASE, RETRY, Deed
from joborch.tui.errands import MOST_SHOWN, Errand, errand_for, noun, run
from joborch.tui.filters import parse_filter
from joborch.tui.formatting import job_name
from joborch.tui.look import Look
from joborch.tui.ordering import Order
from joborch.tui.picture import Picture
from joborch.tui.plain_person import Person
from joborch.tui.source import Source
from joborch.tui.whereabouts import words
from joborch.wire.events import LogText
from joborch.wire.jobs import JobView

MOST_LISTED = 20
LIST, LOG, QUIT = "1", "6", "7"
DEEDS = {"2": CANCEL, "3": HOLD, "4": RELEASE, "5": RETRY}


class Talk(Protocol):
    """What tells of changes, and can be asked to wait."""

    def waiting(self) -> AbstractContextManager[None]:
        """Keep changes back meanwhile."""

    def summary(self) -> str:
        """Count everything."""


class Menu:
    """Does what a person chooses, one thing after the other."""

    def __init__(
        self, person: Person, source: Source, picture: Picture, look: Look, talk: Talk
    ) -> None:
        """Ask for nothing yet."""
        self._person, self._source, self._talk = person, source, talk
        self._picture, self._look = picture, look
        self._deeds = {} if look.is_read_only else DEEDS

    @property
    def text(self) -> str:
        """The choices."""
        deeds = "".join(f"{key} {deed.verb}, " for key, deed in self._deeds.items())
        return f"{LIST} list, {deeds}{LOG} log, {QUIT} quit; then Enter"

    async def serve(self) -> None:
        """Do what is chosen, until it is to quit or nobody is there any more."""
        self._person.say(self.text)
        try:
            while (choice := await self._person.answer()) not in {QUIT, "q"}:
                with self._talk.waiting():
                    await self._do(choice)
        except EOFError:
            return

    async def _do(self, choice: str) -> None:
        try:
            if choice == LIST:
                self._list()
            elif choice == LOG:
                await self._log()
            elif choice in self._deeds:
                await self._act(self._deeds[choice])
            else:
                self._person.say(self.text)
        except ValueError as error:
            self._person.say(one_line(str(error)))
        except JoborchError as error:
            self._person.say(one_line(error.message))

    def _list(self) -> None:
        passes = parse_filter(self._look.filter_text, me=self._look.user_id)
        jobs = [job for job in self._picture.jobs.values() if passes(job)]
        for job_id in Order().sorted(jobs)[:MOST_LISTED]:
            self._person.say(_line(self._picture.jobs[job_id]))
        if len(jobs) > MOST_LISTED:
            self._person.say(f"and {len(jobs) - MOST_LISTED} more")
        self._person.say(self._talk.summary())

    async def _act(self, deed: Deed) -> None:
        question = f"{deed.verb} which jobs? Ids like 42, 40-60, b-31 or @queued; empty for none"
        named = self._named(await self._person.answer(question))
        errand = errand_for(deed, [job.id for job in named], self._picture)
        if not errand.jobs:
            self._person.say(f"nothing to {deed.verb}" + (f": {deed.unfit}" if named else ""))
            return
        for line in self._described(errand):
            self._person.say(line)
        demanded = errand.demanded(self._look.user_id) or "yes"
        question = f"{deed.verb} {noun(len(errand.jobs))}? Type {demanded}; anything else leaves it"
        if await self._person.answer(question) != demanded:
            self._person.say("nothing was done")
            return
        self._person.say(await run(errand, self._source, by=self._look.user_id))

    def _described(self, errand: Errand) -> Iterator[str]:
        yield from map(_line, errand.jobs[:MOST_SHOWN])
        if len(errand.jobs) > MOST_SHOWN:
            yield f"and {len(errand.jobs) - MOST_SHOWN} more"
        if others := errand.others(self._look.user_id):
            yield f"not yours: they are {', '.join(others)}'s"
        yield errand.deed.effect

    def _named(self, text: str) -> list[JobView]:
        tests = []
        for word in text.split():
            if isinstance(parse_selector(word), Last | FromInput):
                raise ValueError(f"{word} is not known here; give ids")  # noqa: TRY004 - typed
            tests.append(parse_filter(word, me=self._look.user_id))
        return [job for job in self._picture.jobs.values() if any(test(job) for test in tests)]

    async def _log(self) -> None:
        jobs = self._named(await self._person.answer("log of which job? Its id; empty for none"))
        if not jobs:
            self._person.say("no such job")
            return
        reading = asyncio.create_task(self._read(jobs[0].id), name="log")
        self._person.say(f"log of job {jobs[0].id}; Enter ends it")
        enough = asyncio.create_task(self._person.answer(), name="enough of the log")
        await asyncio.wait([reading, enough], return_when=asyncio.FIRST_COMPLETED)
        for task in (reading, enough):
            task.cancel()
        ends = await asyncio.gather(reading, enough, return_exceptions=True)
        for end in ends:
            if isinstance(end, JoborchError | EOFError):
                raise end

    async def _read(self, job_id: int) -> None:
        rest = {"stdout": "", "stderr": ""}
        async with aclosing(self._source.follow_log(job_id)) as items:
            async for item in items:
                match item:
                    case LogText(stream=stream, text=text):
                        *whole, rest[stream] = (rest.get(stream, "") + text).split("\n")
                        for line in whole:
                            self._person.say(sanitize(line))
                    case LogRestarted():
                        self._person.say("the job starts again on another host")
        for line in filter(None, rest.values()):
            self._person.say(sanitize(line))
        self._person.say(f"end of the log of job {job_id}")


def _line(job: JobView) -> str:
    on = f" on {job.agent}" if job.agent else ""
    return one_line(f"job {job.id} {words(job)}{on}: {job_name(job)}, user {job.user_id}")
