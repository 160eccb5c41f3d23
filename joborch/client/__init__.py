"""The public SDK: everything a program needs to submit jobs and bring their results home.

A name's module is imported when the name is first used: a command that only reads its settings does
not pay for HTTP.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joborch.client.orchestrator import Orchestrator
    from joborch.client.query import JobQuery
    from joborch.client.settings import ClientSettings, load_settings
    from joborch.client.streams import LogRestarted, Missed
    from joborch.client.submission import Submission
    from joborch.client.transport import Retries
    from joborch.wire.actions import (
        CancelJobs,
        HoldJobs,
        JobChanges,
        ReleaseJobs,
        RetryJobs,
        SetJobs,
    )

__all__ = [
    "CancelJobs",
    "ClientSettings",
    "HoldJobs",
    "JobChanges",
    "JobQuery",
    "LogRestarted",
    "Missed",
    "Orchestrator",
    "ReleaseJobs",
    "Retries",
    "RetryJobs",
    "SetJobs",
    "Submission",
    "load_settings",
]

_HOMES = {
    "joborch.client.orchestrator": ["Orchestrator"],
    "joborch.client.query": ["JobQuery"],
    "joborch.client.settings": ["ClientSettings", "load_settings"],
    "joborch.client.streams": ["LogRestarted", "Missed"],
    "joborch.client.submission": ["Submission"],
    "joborch.client.transport": ["Retries"],
    "joborch.wire.actions": [
        "CancelJobs",
        "HoldJobs",
        "JobChanges",
        "ReleaseJobs",
        "RetryJobs",
        "SetJobs",
    ],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import what is asked for; the next time, it is simply there."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = found
    return found
