"""What keeps a job that waits, in few words: the same in every list, command and screen.

Nothing is guessed. That a batch allows itself no more, which only the server knows, holds whatever
else is full and is said first. What is full is said with its numbers, the nearest to the user
first; of the rest the server's answer, if it was asked; and else only that the job stands in line.
"""

from joborch.wire.services import ServiceView, UsageView

IN_LINE = "in line"
_TOLD = {
    "agent_full": "agents full",
    "batch_limit": "batch full",
    "no_agent": "no agent for it",
    "next": "starting",
}
"""What only the server knows: some jobs need more than others of an agent, some batches allow
themselves only so many jobs at once, and who is ahead takes what there is."""
_PAUSED = "service paused"
_WITHOUT_PLACE = ("no agent", "starting", _PAUSED)


def what_is_full(used: UsageView | None, service: ServiceView | None) -> str | None:
    """Say what keeps all jobs of a user and service: ``quota 5/5``; None: nothing that they share.

    ``used`` is what the user has of the service; None is nothing at all.
    """
    if service is not None and service.paused is not None:
        return _PAUSED
    if used is not None and used.active >= used.limit:
        return f"quota {used.active}/{used.limit}"
    if service is None:
        return None
    if service.max is not None and service.active >= service.max:
        return f"service {service.active}/{service.max}"
    return None if service.agents else "no agent up"


def is_open(full: str | None, *, batch: str | None) -> bool:
    """Whether only the server knows what keeps a job, ``full`` being what keeps all like it.

    A job of a batch may have to wait for its own batch, too.
    """
    return full is None or (batch is not None and full != _PAUSED)


def what_keeps(full: str | None, reason: str | None, otherwise: str | None = None) -> str:
    """Say what keeps a job: what is ``full``, or what the server answered, the ``reason``."""
    if full is not None and (reason != "batch_limit" or full == _PAUSED):
        return full
    return told(reason, otherwise)


def told(reason: str | None, otherwise: str | None = None) -> str:
    """Say in words what the server answered of one job; ``otherwise`` is recorded with the job."""
    return _TOLD.get(reason or "") or otherwise or IN_LINE


def with_place(said: str, place: int | None, *, dot: str = "·", may_be_next: bool = True) -> str:
    """Add a job's place in its user's line, where that says something.

    Who is first there is next only if nothing but the user's own quota keeps the job: for anything
    else other users wait too, and one of them may be before. ``may_be_next`` is False for a job
    that something else may keep, of which nobody has been asked.
    """
    if place is None or said.startswith(_WITHOUT_PLACE):
        return said
    is_next = may_be_next and place == 1 and said.startswith("quota")
    return f"{said} {dot} {'next' if is_next else f'#{place}'}"
