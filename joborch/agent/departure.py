"""How an agent is asked to end, and how politely."""

import asyncio
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Three requests; each that is set takes precedence over those above it.

    In all cases the agent takes no new work from then on and tells the server so.
    """

    finish: asyncio.Event = field(default_factory=asyncio.Event)
    """End once all jobs have ended and are reported."""
    abandon: asyncio.Event = field(default_factory=asyncio.Event)
    """End the jobs as lost, so that they run elsewhere, and then end."""
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    """End within seconds; the jobs go on under their supervisors, for the next agent to adopt."""

    def finish_or_leave(self) -> None:
        """Ask it to finish; when that was asked before, to leave its jobs behind."""
        (self.leave if self.finish.is_set() else self.finish).set()

    def next_step(self) -> None:
        """Ask for the next less polite way, as somebody does who presses Ctrl-C once more."""
        for step in (self.finish, self.abandon, self.leave):
            if not step.is_set():
                step.set()
                return


async def any_of(*events: asyncio.Event) -> None:
    """Wait until one of these is set."""
    if any(event.is_set() for event in events):
        return
    waiting = [asyncio.create_task(event.wait(), name="any_of") for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
