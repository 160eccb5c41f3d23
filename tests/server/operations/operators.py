"""What operators do, in a test's words."""

from joborch.domain.amendments import KEPT, Kept
from joborch.server.operations import allow, pause, query, remove
from joborch.server.operations.explain import explain
from joborch.wire.agents import AgentView
from joborch.wire.jobs import Explanation
from joborch.wire.services import ServiceView, UsageView
from tests.support.bench import Bench


async def pauses(bench: Bench, service: str = "example", *, reason: str | None = None) -> None:
    parts = bench.parts
    await pause.pause(
        service,
        actor="eve",
        reason=reason,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


async def resumes(bench: Bench, service: str = "example") -> None:
    parts = bench.parts
    await pause.resume(service, database=parts.database, catalog=parts.catalog, wake=parts.wake)


async def allows(
    bench: Bench,
    user: str,
    *,
    service: str = "example",
    running: int | Kept | None = KEPT,
    queued: int | Kept | None = KEPT,
) -> None:
    parts = bench.parts
    await allow.allow(
        allow.Allowance(service=service, user_id=user, running=running, queued=queued),
        actor="eve",
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
        wake=parts.wake,
    )


async def removes(bench: Bench, name: str) -> AgentView:
    parts = bench.parts
    return await remove.remove(
        name,
        database=parts.database,
        catalog=parts.catalog,
        roll=parts.roll,
        clock=parts.clock,
    )


async def service(bench: Bench, name: str = "example") -> ServiceView:
    parts = bench.parts
    every = await query.services(
        database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )
    return next(one for one in every.items if one.name == name)


async def use(bench: Bench, user: str) -> UsageView:
    parts = bench.parts
    return await query.usage_of(user, "example", database=parts.database, catalog=parts.catalog)


async def why(bench: Bench, job_id: int) -> Explanation:
    parts = bench.parts
    (told,) = await explain(
        [job_id], database=parts.database, catalog=parts.catalog, roll=parts.roll, clock=parts.clock
    )
    return told
