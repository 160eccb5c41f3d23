"""A site as a dashboard might see it at noon: three users, three services, four agents."""

from datetime import timedelta
from typing import Any

from joborch.client import LogRestarted
from joborch.domain.states import JobState
from joborch.wire.agents import AgentView, CapacityView, LoadView
from joborch.wire.events import EventView, LogText
from joborch.wire.jobs import Explanation, FileList, FileView, JobView, ResultsView
from joborch.wire.services import ServiceView, UsageView
from joborch.wire.waiting import Turn
from tests.support.views import NOON, a_job_view
from tests.tui.a_past import a_past, all_windows
from tests.tui.scripted import ScriptedSource, since

RUNNING, QUEUED = JobState.RUNNING, JobState.QUEUED


def a_busy_source() -> ScriptedSource:
    """A server with work of every kind."""
    source = ScriptedSource(*_running(), *_waiting(), *_ended())
    source.agent_views = [
        an_agent("compute-1", active=2, cpu=61),
        an_agent("compute-2", active=2, cpu=55),
        an_agent("compute-3", state="late", active=1, cpu=18, seen_s=64, requeue_s=56),
        an_agent("gpu-1", state="down", services={"haddock": 2}, slots=2, seen_s=248),
    ]
    source.service_views = [
        a_service("example", active=6, most=10, queued=4),
        a_service("haddock", active=4, most=4, queued=2, agents=1, slots=8),
        a_service("prodigy", queued=1, agents=0, slots=0, per_user=2),
    ]
    source.usage_views = [
        UsageView(user_id="ann", service="example", active=5, queued=3, limit=5),
        UsageView(user_id="bob", service="example", active=1, queued=0, limit=5),
        UsageView(user_id="bob", service="prodigy", active=0, queued=1, limit=2),
        UsageView(user_id="cem", service="haddock", active=4, queued=2, limit=5),
    ]
    source.explanations = {1213: _explanation()}
    source.reasons = dict.fromkeys(range(1213, 1217), "quota_user")
    source.turns = [
        Turn(service="haddock", user_id="cem", job_id=1460, reason="quota_service"),
        Turn(service="prodigy", user_id="bob", job_id=1462, reason="no_agent"),
        Turn(service="example", user_id="ann", job_id=1213, reason="quota_user"),
    ]
    source.histories = {1207: _history(1207), 1213: _history(1213)[:1]}
    source.file_lists = {
        1207: FileList(
            items=[
                FileView(name="run.sh", size_bytes=112, kind="input"),
                FileView(name="2oob_A.pdb", size_bytes=624_640, kind="input"),
                FileView(name="2oob_B.pdb", size_bytes=602_112, kind="input"),
            ]
        )
    }
    source.environments = {1207: {"API_TOKEN": "***", "OMP_NUM_THREADS": "4"}}
    source.logs = {1207: _log()}
    source.happened = a_past(source.known.values())
    source.statistics_of = all_windows()
    return source


def an_agent(
    name: str,
    *,
    state: str = "up",
    active: int = 0,
    cpu: float | None = None,
    services: dict[str, int] | None = None,
    slots: int = 4,
    seen_s: float = 2,
    requeue_s: float | None = None,
) -> AgentView:
    """An agent as the server shows it."""
    load = LoadView(cpu_percent=cpu, memory_percent=40, load_1m=2.5) if cpu is not None else None
    return AgentView(
        id=f"a-{name}",
        name=name,
        host=f"{name}.cluster",
        version="0.1.0",
        state=state,
        services=services or {"example": slots},
        capacity=CapacityView(slots=slots),
        active=active,
        labels={},
        load=load,
        enrolled_at=since(NOON, days=3),
        seen_at=since(NOON, seconds=seen_s),
        requeue_at=since(NOON, seconds=-requeue_s) if requeue_s is not None else None,
    )


def a_service(
    name: str,
    *,
    active: int = 0,
    most: int | None = None,
    queued: int = 0,
    agents: int = 3,
    slots: int = 12,
    per_user: int = 5,
) -> ServiceView:
    """A service as the server shows it."""
    return ServiceView(
        name=name,
        per_user=per_user,
        max=most,
        active=active,
        queued=queued,
        agents=agents,
        slots=slots,
        time_limit_s=3600 if name == "haddock" else None,
        configured=True,
    )


def _running() -> list[JobView]:
    jobs = [
        a_job_view(
            1207 + i,
            RUNNING,
            user_id="ann",
            name="dock-2oob",
            batch="b-31",
            array_index=7 + i,
            agent=f"compute-{1 + i % 3}",
            tags={"run": "night"},
            submitted_at=since(NOON, minutes=14),
            started_at=since(NOON, seconds=41 - 8 * i),
        )
        for i in range(5)
    ]
    assigned = a_job_view(
        1212,
        JobState.ASSIGNED,
        user_id="bob",
        name="energies",
        started_at=None,
        submitted_at=since(NOON, minutes=14),
    )
    return [*jobs, assigned]


def _waiting() -> list[JobView]:
    docks = [
        a_job_view(
            1213 + i,
            QUEUED,
            user_id="ann",
            name="dock-2oob",
            batch="b-31",
            array_index=13 + i,
            submitted_at=since(NOON, minutes=14),
        )
        for i in range(3)
    ]
    return [
        *docks,
        a_job_view(
            1460,
            user_id="cem",
            service="haddock",
            name="haddock-cplx",
            priority=80,
            submitted_at=since(NOON, minutes=3),
        ),
        a_job_view(
            1461,
            user_id="cem",
            service="haddock",
            name="haddock-big",
            held_at=since(NOON, minutes=2),
            hold_actor="user:cem",
            submitted_at=since(NOON, minutes=3),
        ),
        a_job_view(
            1462,
            user_id="bob",
            service="prodigy",
            name="näher-蛋白质",
            submitted_at=since(NOON, minutes=1),
        ),
    ]


def _ended() -> list[JobView]:
    ends: tuple[tuple[int, JobState, str, dict[str, Any]], ...] = (
        (1199, JobState.FAILED, "ann", {}),
        (1198, JobState.COMPLETED, "ann", {"results": _results()}),
        (1197, JobState.COMPLETED, "ann", {"results": _results(removed_at=NOON)}),
        (1180, JobState.CANCELLED, "bob", {"reason": "cancelled by bob"}),
        (1175, JobState.INVALID, "bob", {"reason": "no run.sh", "agent": None, "started_at": None}),
        (1174, JobState.TIMED_OUT, "cem", {}),
    )
    return [
        a_job_view(
            job_id,
            state,
            **{
                "user_id": user,
                "name": "dock-2oob",
                "agent": "compute-2",
                "submitted_at": since(NOON, minutes=31),
                "started_at": since(NOON, seconds=300),
                "finished_at": since(NOON, seconds=239),
                **more,
            },
        )
        for job_id, state, user, more in ends
    ]


def _results(**more: object) -> ResultsView:
    return ResultsView(size_bytes=2_202_009, sha256="0" * 64, **more)  # type: ignore[arg-type]  # removed_at only


def _explanation() -> Explanation:
    return Explanation(
        job_id=1213,
        state="queued",
        reason="quota_user",
        message="quota of ann for example is used up: 5/5; number 1 of ann's line for example",
        user_active=5,
        user_limit=5,
        service_active=6,
        service_limit=10,
        position=1,
        ahead=0,
        held_by=[1207, 1208, 1209, 1210, 1211],
        agents=3,
        free_slots=7,
    )


def _history(job_id: int) -> list[EventView]:
    moves = (
        ("submit", None, "queued", "user:ann", 840),
        ("assign", "queued", "assigned", "dispatch", 42),
        ("start", "assigned", "running", "agent:compute-1", 41),
    )
    return [
        EventView(
            seq=seq,
            job_id=job_id,
            attempt=1,
            event=event,
            from_state=before,
            to_state=after,
            actor=actor,
            at=NOON - timedelta(seconds=ago_s),
        )
        for seq, (event, before, after, actor, ago_s) in enumerate(moves, 1)
    ]


def _log() -> list[LogText | LogRestarted | JobView]:
    lines = "".join(f"[INFO] rigidbody {i}/20 ...\n" for i in range(1, 21))
    return [
        LogText(stream="stderr", offset=0, text="+ haddock3 run.cfg\n"),
        LogText(stream="stdout", offset=0, text="[INFO] topology: 2 mole"),
        LogText(stream="stdout", offset=23, text="cules\n\x1b[31m[WARN] \x1b]0;x\x07chain B\n"),
        LogText(stream="stdout", offset=80, text=lines),
    ]
