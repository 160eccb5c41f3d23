from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from joborch.domain.agents import Capacity, Demand
from joborch.domain.quotas import Limits, Override, Usage
from joborch.domain.scheduling import (
    AgentRoom,
    Candidate,
    HoldReason,
    Snapshot,
    plan,
    why_waiting,
)
from tests.support.builders import a_candidate, a_snapshot, an_agent_room

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def assigned(snapshot: Snapshot) -> list[int]:
    return [assignment.job_id for assignment in plan(snapshot).assignments]


def reasons(snapshot: Snapshot) -> dict[int, HoldReason]:
    return {hold.job_id: hold.reason for hold in plan(snapshot).holds}


def an_override(user_id: str, running: int) -> Override:
    return Override(
        service="example", user_id=user_id, running=running, queued=None, at=NOW, actor="eve"
    )


def test_a_user_gets_no_more_than_the_quota() -> None:
    jobs = tuple(a_candidate(n, user_id="ann") for n in range(1, 5))
    snapshot = a_snapshot(jobs, limits=Limits(per_user=2), agents=(an_agent_room(slots=9),))
    assert assigned(snapshot) == [1, 2]
    assert reasons(snapshot) == {3: HoldReason.QUOTA_USER, 4: HoldReason.QUOTA_USER}


def test_all_users_together_get_no_more_than_the_service_allows() -> None:
    jobs = tuple(a_candidate(n, user_id=f"user-{n}") for n in range(1, 5))
    snapshot = a_snapshot(
        jobs,
        limits=Limits(per_user=2, total=3),
        agents=(an_agent_room(slots=9),),
        active={"example": 1},
    )
    assert assigned(snapshot) == [1, 2]
    assert set(reasons(snapshot).values()) == {HoldReason.QUOTA_SERVICE}


def test_what_an_operator_allows_a_user_goes_before_what_the_service_does() -> None:
    jobs = tuple(a_candidate(n, user_id="ann" if n < 4 else "bob") for n in range(1, 7))
    of_all = a_snapshot(jobs, limits=Limits(per_user=2), agents=(an_agent_room(slots=9),))
    allowed = {"ann": 3, "bob": 1}
    overrides = {("example", user): an_override(user, running) for user, running in allowed.items()}
    snapshot = replace(of_all, overrides=overrides)
    assert sorted(assigned(snapshot)) == [1, 2, 3, 4]
    assert set(reasons(snapshot).values()) == {HoldReason.QUOTA_USER}


def test_a_paused_service_starts_nothing_whatever_there_is_room_for() -> None:
    snapshot = replace(a_snapshot((a_candidate(1),)), paused={"example"})
    assert (assigned(snapshot), reasons(snapshot)) == ([], {1: HoldReason.SERVICE_PAUSED})


def test_what_is_active_already_counts() -> None:
    used = Usage(service="example", user_id="ann", active=5, queued=1)
    snapshot = a_snapshot(
        (a_candidate(1, user_id="ann"), a_candidate(2, user_id="bob")), usage=(used,)
    )
    assert assigned(snapshot) == [2]


def test_higher_priority_goes_first_whoever_asks() -> None:
    jobs = (a_candidate(1, user_id="ann"), a_candidate(2, user_id="bob", priority=80))
    assert assigned(a_snapshot(jobs, agents=(an_agent_room(slots=1),))) == [2]


def test_slots_go_round_between_users_of_equal_priority() -> None:
    flood = tuple(a_candidate(n, user_id="ann") for n in range(1, 9))
    late = (a_candidate(9, user_id="bob"), a_candidate(10, user_id="bob"))
    assert assigned(a_snapshot(flood + late, agents=(an_agent_room(slots=4),))) == [1, 9, 2, 10]


def test_who_was_served_longest_ago_is_next_when_shares_are_equal() -> None:
    usage = (
        Usage(service="example", user_id="ann", active=0, queued=9, served_at=NOW),
        Usage(
            service="example",
            user_id="bob",
            active=0,
            queued=9,
            served_at=NOW - timedelta(seconds=1),
        ),
    )
    jobs = (a_candidate(1, user_id="ann"), a_candidate(2, user_id="bob"))
    snapshot = a_snapshot(jobs, usage=usage, agents=(an_agent_room(slots=1),))
    assert assigned(snapshot) == [2]


def test_one_who_was_never_served_comes_before_one_who_was() -> None:
    served = Usage(service="example", user_id="ann", active=0, queued=900, served_at=NOW)
    jobs = (a_candidate(1, user_id="ann"), a_candidate(2, user_id="new"))
    snapshot = a_snapshot(jobs, usage=(served,), agents=(an_agent_room(slots=1),))
    assert assigned(snapshot) == [2]


def test_within_a_users_line_the_older_job_goes_first() -> None:
    jobs = (a_candidate(7), a_candidate(8), a_candidate(9))
    assert assigned(a_snapshot(jobs, agents=(an_agent_room(slots=2),))) == [7, 8]


def test_jobs_are_spread_over_agents_by_free_slots_then_load() -> None:
    agents = (
        an_agent_room("busy", slots=3, cpu_percent=90),
        an_agent_room("idle", slots=3, cpu_percent=5),
        an_agent_room("large", slots=4, cpu_percent=99),
    )
    jobs = tuple(a_candidate(n) for n in range(1, 5))
    chosen = [one.agent_id for one in plan(a_snapshot(jobs, agents=agents)).assignments]
    assert chosen == ["large", "idle", "busy", "large"]


def test_a_job_waits_when_no_agent_offers_its_service() -> None:
    snapshot = a_snapshot((a_candidate(1),), agents=(an_agent_room(service="other"),))
    assert reasons(snapshot) == {1: HoldReason.NO_AGENT}


def test_a_job_goes_only_to_an_agent_with_its_labels() -> None:
    job = a_candidate(1, demand=Demand(labels={"site": "utrecht"}))
    plain, there = (
        an_agent_room("plain", slots=9),
        an_agent_room("there", labels={"site": "utrecht"}),
    )
    assert [a.agent_id for a in plan(a_snapshot((job,), agents=(plain, there))).assignments] == [
        "there"
    ]
    assert reasons(a_snapshot((job,), agents=(plain,))) == {1: HoldReason.NO_AGENT}


def test_a_job_that_fits_nowhere_lets_a_smaller_one_pass() -> None:
    jobs = (a_candidate(1, demand=Demand(slots=4)), a_candidate(2))
    snapshot = a_snapshot(jobs, agents=(an_agent_room(slots=2),))
    assert assigned(snapshot) == [2]
    assert reasons(snapshot) == {1: HoldReason.AGENT_FULL}


def test_an_agent_that_does_not_ask_is_given_nothing_yet() -> None:
    snapshot = a_snapshot((a_candidate(1),), agents=(an_agent_room(is_asking=False),))
    assert reasons(snapshot) == {1: HoldReason.NEXT}


def test_a_batch_may_bound_itself() -> None:
    jobs = tuple(a_candidate(n, batch_id=3) for n in range(1, 4))
    snapshot = a_snapshot(jobs, batch_room={3: 1})
    assert assigned(snapshot) == [1]
    assert set(reasons(snapshot).values()) == {HoldReason.BATCH_LIMIT}


def test_a_batchs_own_limit_is_told_before_a_quota_that_is_full_too() -> None:
    limits = Limits(per_user=1)
    used = Usage(service="docking", user_id="ann", active=1, queued=1)
    job = a_candidate(2, user_id="ann", batch_id=3)
    snapshot = a_snapshot((job,), limits=limits, usage=(used,), batch_room={3: 0})
    assert reasons(snapshot) == {2: HoldReason.BATCH_LIMIT}


def test_why_waiting_says_next_for_a_job_that_could_start() -> None:
    assert why_waiting(a_candidate(1), a_snapshot((), agents=(an_agent_room(),))) is HoldReason.NEXT


services = st.sampled_from(["docking", "scoring"])
users = st.sampled_from(["ann", "bob", "cem"])
candidates = st.builds(
    Candidate,
    job_id=st.integers(1, 10_000),
    service=services,
    user_id=users,
    priority=st.integers(0, 100),
    demand=st.builds(Demand, slots=st.integers(1, 3), cpus=st.integers(0, 4)),
    batch_id=st.one_of(st.none(), st.integers(1, 2)),
)
rooms = st.builds(
    AgentRoom,
    agent_id=st.uuids().map(str),
    services=st.dictionaries(services, st.integers(-1, 6)),
    free=st.builds(Capacity, slots=st.integers(-1, 8), cpus=st.integers(0, 8)),
    cpu_percent=st.floats(0, 100),
    is_asking=st.booleans(),
)
limits = st.builds(
    Limits, per_user=st.integers(0, 4), total=st.one_of(st.none(), st.integers(0, 6))
)
snapshots = st.builds(
    Snapshot,
    candidates=st.lists(candidates, max_size=30, unique_by=lambda job: job.job_id).map(
        lambda jobs: tuple(sorted(jobs, key=lambda job: (-job.priority, job.job_id)))
    ),
    limits=st.fixed_dictionaries({"docking": limits, "scoring": limits}),
    usage=st.lists(
        st.builds(
            Usage,
            service=services,
            user_id=users,
            active=st.integers(0, 5),
            queued=st.integers(0, 9),
        ),
        unique_by=lambda used: (used.service, used.user_id),
    ).map(lambda used: {(one.service, one.user_id): one for one in used}),
    active=st.dictionaries(services, st.integers(0, 7)),
    batch_room=st.dictionaries(st.integers(1, 2), st.integers(0, 3)),
    agents=st.lists(rooms, max_size=4, unique_by=lambda room: room.agent_id).map(tuple),
)


@given(snapshots)
def test_no_plan_exceeds_a_quota_or_an_agent(snapshot: Snapshot) -> None:
    made = plan(snapshot)
    jobs = {job.job_id: job for job in snapshot.candidates}
    by_user: Counter[tuple[str, str]] = Counter()
    by_service: Counter[str] = Counter()
    by_batch: Counter[int] = Counter()
    slots: Counter[tuple[str, str]] = Counter()
    cpus: Counter[str] = Counter()
    for assignment in made.assignments:
        job = jobs[assignment.job_id]
        by_user[job.service, job.user_id] += 1
        by_service[job.service] += 1
        by_batch[job.batch_id or 0] += 1
        slots[assignment.agent_id, job.service] += job.demand.slots
        cpus[assignment.agent_id] += int(job.demand.cpus)
    for (service, user), count in by_user.items():
        used = snapshot.usage.get((service, user))
        assert count + (used.active if used else 0) <= snapshot.limits[service].per_user
    for service, count in by_service.items():
        total = snapshot.limits[service].total
        assert total is None or count + snapshot.active.get(service, 0) <= total
    for batch, room in snapshot.batch_room.items():
        assert by_batch[batch] <= room
    for agent in snapshot.agents:
        taken = {service: slots[agent.agent_id, service] for service in agent.services}
        assert all(taken[service] <= max(free, 0) for service, free in agent.services.items())
        assert sum(taken.values()) <= max(agent.free.slots, 0)
        assert cpus[agent.agent_id] <= agent.free.cpus
        assert agent.is_asking or not any(taken.values())


@given(snapshots)
def test_every_candidate_is_either_assigned_or_held_and_twice_is_the_same(
    snapshot: Snapshot,
) -> None:
    made = plan(snapshot)
    decided = [one.job_id for one in made.assignments] + [one.job_id for one in made.holds]
    assert sorted(decided) == sorted(job.job_id for job in snapshot.candidates)
    assert plan(snapshot) == made


@given(snapshots)
def test_nothing_is_held_that_could_still_be_placed(snapshot: Snapshot) -> None:
    made = plan(snapshot)
    placed = {one.job_id for one in made.assignments}
    for hold in made.holds:
        alone = why_waiting(
            next(job for job in snapshot.candidates if job.job_id == hold.job_id), snapshot
        )
        assert placed or hold.reason in {alone, HoldReason.NEXT}
