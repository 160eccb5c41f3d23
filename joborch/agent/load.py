"""How busy the host is, read from the kernel's counters without waiting."""

import os

import psutil  # type: ignore[import-untyped]  # its types are a package of their own

from joborch.wire.agents import LoadView


def host_load() -> LoadView:
    """Return the load since the last call, which costs well under a millisecond."""
    return LoadView(
        cpu_percent=psutil.cpu_percent(interval=None),
        memory_percent=psutil.virtual_memory().percent,
        load_1m=os.getloadavg()[0],
    )


def memory_bytes() -> int:
    """Return how much memory the host has."""
    return int(psutil.virtual_memory().total)
