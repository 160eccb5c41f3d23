"""The public SDK: everything a program needs to submit jobs and bring their results home."""

from joborch.client.orchestrator import Orchestrator
from joborch.client.query import JobQuery
from joborch.client.settings import ClientSettings, load_settings
from joborch.client.streams import LogRestarted, Missed
from joborch.client.submission import Submission
from joborch.client.transport import Retries
from joborch.wire.actions import CancelJobs, HoldJobs, JobChanges, ReleaseJobs, RetryJobs, SetJobs

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
