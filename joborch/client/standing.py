"""What keeps a job that waits, in few words: the same in every list, command and screen.

Nothing is guessed. What is full is said with its numbers, the nearest to the user first; of the
rest the server's answer, if it was asked; and else only that the job stands in line.
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
_WITHOUT_PLACE = ("no agent", "starting", "service paused")


def what_is_full(used: UsageView | None, service: ServiceView | None) -> str | None:
    """Say what keeps all jobs of a user and service: ``quota 5/5``; None: nothing that they share.

    ``used`` is what the user has of the service; None is nothing at all.
    """
    if service is not None and service.paused is not None:
        return "service paused"
    if used is not None and used.active >= used.limit:
        return f"quota {used.active}/{used.limit}"
    if service is None:
        return None
    if service.max is not None and service.active >= service.max:
        return f"service {service.active}/{service.max}"
    return None if service.agents else "no agent up"


def told(reason: str | None, otherwise: str | None = None) -> str:
    """Say in words what the server answered of one job; ``otherwise`` is recorded with the job."""
    return _TOLD.get(reason or "") or otherwise or IN_LINE


def with_place(said: str, place: int | None, *, dot: str = "·") -> str:
    """Add a job's place in its user's line, where that says something.

    Who is first there is next only if nothing but the user's own quota keeps the job: for anything
    else other users wait too, and one of them may be before.
    """
    if place is None or said.startswith(_WITHOUT_PLACE):
        return said
    is_next = place == 1 and said.startswith("quota")
    return f"{said} {dot} {'next' if is_next else f'#{place}'}"
