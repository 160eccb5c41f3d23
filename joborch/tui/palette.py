"""What the palette lists: actions; to who searches also themes, jobs, and who has any."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from heapq import nlargest
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.message import Message

from joborch.domain.text import one_line
from joborch.tui.commands import EVERYWHERE, GROUPS, TABLE
from joborch.tui.formatting import job_name
from joborch.tui.messages import JobsWanted, JobWanted
from joborch.tui.picture import Picture

if TYPE_CHECKING:
    from joborch.tui.commanding import CommandedApp

MOST = 20
"""Of each kind so many are listed; who wants others types more."""


class Actions(Provider):
    """Everything that can be done from where one is, for the palette."""

    async def discover(self) -> Hits:
        """Yield all."""
        for name, target in self._possible():
            yield DiscoveryHit(name, target)

    async def search(self, query: str) -> Hits:
        """Yield what resembles what was typed."""
        matcher = self.matcher(query)
        for name, target in self._possible():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), target)

    def _possible(self) -> Iterator[tuple[str, Callable[[], Awaitable[bool]]]]:
        found = {one.binding.id: one for one in self.screen.active_bindings.values()}
        keymap = _app(self).desk.look.keymap
        own_first = sorted(GROUPS.items(), key=lambda one: one[1] in (EVERYWHERE, TABLE))
        for group, commands in own_first:
            for command in commands:
                if active := found.get(command.id):
                    name = f"{group}: {command.text} ({keymap.displayed(command)})"
                    yield name, partial(self.app.run_action, command.action, active.node)


class Themes(Provider):
    """All themes, for the palette; only to who searches, since they are many and seldom meant."""

    async def search(self, query: str) -> Hits:
        """Yield what resembles what was typed."""
        app, matcher = _app(self), self.matcher(query)
        for name in sorted(app.available_themes):
            text = f"Theme: {name}"
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(text), partial(app.choose_theme, name))


class Named(Provider):
    """Jobs by their ids and names, and who has any; only to who searches: they are many."""

    async def search(self, query: str) -> Hits:
        """Yield what has in it what was typed."""
        app, matcher = _app(self), self.matcher(query)
        for text, message in found(query, app.desk.picture):
            yield Hit(
                matcher.match(text), matcher.highlight(text), partial(app.post_message, message)
            )


def found(query: str, picture: Picture) -> Iterator[tuple[str, Message]]:
    """Yield what has a text in its name, the newest jobs first, and what shows it."""
    typed = query.strip().casefold()
    wanted = typed.removeprefix("job ")
    jobs = (
        job
        for job in picture.jobs.values()
        if wanted in job.name.casefold() or str(job.id).startswith(wanted)
    )
    for job in nlargest(MOST, jobs, key=attrgetter("id")):
        yield f"Job {job.id} {job_name(job)}", JobWanted(job.id)
    kinds: dict[str, Iterable[str]] = {
        "agent": (agent.name for agent in picture.agents),
        "user": {job.user_id for job in picture.jobs.values()},
        "service": (service.name for service in picture.services),
    }
    for kind, names in kinds.items():
        for name in sorted(name for name in names if typed in f"{kind} {name.casefold()}")[:MOST]:
            yield one_line(f"{kind.capitalize()} {name}: jobs"), JobsWanted(f"{kind}:{name}")


def _app(provider: Provider) -> "CommandedApp":
    return cast("CommandedApp", provider.app)
