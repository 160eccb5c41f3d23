"""What keeps a job that waits, as far as quotas, services and agents tell: no one job is asked for.

``explain`` knows more, a job's place in the line above all, and costs the server more.
"""

from joborch.wire.services import ServiceView, UsageView


def what_is_full(used: UsageView | None, service: ServiceView | None) -> str | None:
    """Say in few words what keeps the jobs of a user and service: ``quota 5/5``; None: nothing.

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
    if not service.agents:
        return "no agent up"
    return "agents full" if service.active >= service.slots else None
