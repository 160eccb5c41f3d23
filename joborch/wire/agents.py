"""What agents and the server say to each other, and agents as others see them."""

from datetime import datetime

import msgspec

INLINE_BYTES = 256 * 1024
"""Payloads and results up to this size travel inside a lease or a report."""


class CapacityView(msgspec.Struct, kw_only=True):
    """What an agent can hold; 0 cpus or memory means that it is not counted."""

    slots: int
    cpus: float = 0
    memory_bytes: int = 0
    gpus: int = 0


class LoadView(msgspec.Struct, kw_only=True):
    """How busy an agent's host is."""

    cpu_percent: float = 0
    memory_percent: float = 0
    load_1m: float = 0


class AgentView(msgspec.Struct, kw_only=True):
    """One agent as users and operators see it."""

    id: str
    name: str
    host: str
    version: str
    state: str
    """``up``, ``late``, ``draining`` or ``down``."""
    services: dict[str, int]
    capacity: CapacityView
    active: int
    labels: dict[str, str]
    load: LoadView | None
    enrolled_at: datetime
    seen_at: datetime
    requeue_at: datetime | None = None
    """When the first of the jobs that it holds is taken from it, should it stay silent."""


class AgentList(msgspec.Struct, kw_only=True):
    """All agents, by name."""

    schema: str = "joborch.agents/1"
    items: list[AgentView]


class Enrolment(msgspec.Struct, kw_only=True):
    """An agent introduces itself, with id and key if it has been here before."""

    name: str
    host: str
    version: str
    services: dict[str, int]
    capacity: CapacityView
    labels: dict[str, str] = {}
    agent_id: str | None = None
    key: str | None = None


class Enrolled(msgspec.Struct, kw_only=True):
    """The agent's identity from now on; the key is secret and sent as a bearer token."""

    agent_id: str
    key: str
    poll_s: float
    """How long the server holds a poll that it has nothing for."""
    inline_bytes: int = INLINE_BYTES


class KnownAttempt(msgspec.Struct, kw_only=True, array_like=True):
    """An attempt that the agent has on its disk and the server has not settled yet."""

    job_id: int
    attempt: int


class Poll(msgspec.Struct, kw_only=True):
    """An agent asks for work; this is also its heartbeat for every attempt it knows."""

    incarnation: int
    """Grows with each process of this agent; only the newest is served."""
    number: int = 0
    """Grows with each poll of this process; one that was overtaken is not served. 0: not told."""
    known: list[KnownAttempt] = []
    load: LoadView | None = None
    draining: bool = False
    following: dict[int, int] = {}
    """Jobs whose logs it is sending, with the number of the tap."""
    hold_s: float | None = None
    """How long the server may hold it; a little later the connection counts as dead."""


class InlineFile(msgspec.Struct, kw_only=True):
    """A file of a payload; without ``data`` it has to be fetched."""

    name: str
    size_bytes: int
    data: bytes | None = None


class Lease(msgspec.Struct, kw_only=True):
    """The right, and the order, to run one attempt."""

    job_id: int
    attempt: int
    token: str
    """Secret; names this lease in every later message about the attempt."""
    user_id: str
    service: str
    name: str
    payload_id: str
    files: list[InlineFile]
    env: dict[str, str]
    batch: str | None = None
    array_index: int | None = None
    array_count: int | None = None
    time_limit_s: float | None = None
    lost_after_s: float
    """The agent ends the attempt itself, in good time before so long a silence is over."""


class CancelOrder(msgspec.Struct, kw_only=True):
    """End this attempt: SIGTERM, then SIGKILL after the grace; report what it left."""

    job_id: int
    attempt: int
    grace_s: float | None = None


class StopOrder(msgspec.Struct, kw_only=True):
    """This attempt is not the agent's any more: end it, keep nothing, report nothing."""

    job_id: int
    attempt: int


class SnapshotOrder(msgspec.Struct, kw_only=True):
    """Somebody wants the working directory of a running job as it is now."""

    request_id: str
    job_id: int
    attempt: int


class PollAnswer(msgspec.Struct, kw_only=True):
    """What the server has for an agent; all empty when the poll's time ran out."""

    leases: list[Lease] = []
    cancels: list[CancelOrder] = []
    stops: list[StopOrder] = []
    snapshots: list[SnapshotOrder] = []
    follow: dict[int, int] = {}
    """All jobs of this agent whose logs somebody reads, with a number that is new whenever the
    agent has to begin again with a log's first byte."""


class Started(msgspec.Struct, kw_only=True):
    """Notice that an attempt's ``run.sh`` has started."""

    job_id: int
    attempt: int
    token: str
    ago_s: float
    """How long ago; a duration, since the two clocks may differ."""


class ResultsSent(msgspec.Struct, kw_only=True):
    """The results of an attempt: inline, or uploaded before under the same attempt."""

    size_bytes: int
    sha256: str
    data: bytes | None = None


class Report(msgspec.Struct, kw_only=True):
    """How an attempt ended."""

    job_id: int
    attempt: int
    token: str
    outcome: str
    """``completed failed timed_out cancelled invalid``, or ``lost`` when the supervisor or host
    died under it, or ``given_back`` when it was not tried, since the agent cannot take it now."""
    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None
    started_ago_s: float | None = None
    ended_ago_s: float | None = None
    results: ResultsSent | None = None


class Reported(msgspec.Struct, kw_only=True):
    """What became of a report."""

    job_id: int
    attempt: int
    disposition: str
    """``recorded``, ``already_recorded`` or ``discard``: the agent may forget the attempt. Or
    ``results_missing``: nothing was recorded; the results have to be uploaded again first."""


class UploadState(msgspec.Struct, kw_only=True):
    """How many bytes of an upload are on the server's disk."""

    offset: int
