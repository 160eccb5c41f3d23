"""The public SDK: everything a program needs to submit jobs and bring their results home."""

from joborch.client.orchestrator import Orchestrator
from joborch.client.query import JobQuery
from joborch.client.settings import ClientSettings, load_settings
from joborch.client.streams import LogRestarted, Missed
from joborch.client.submission import Submission
from joborch.client.transport import Retries

__all__ = [
    "ClientSettings",
    "JobQuery",
    "LogRestarted",
    "Missed",
    "Orchestrator",
    "Retries",
    "Submission",
    "load_settings",
]
