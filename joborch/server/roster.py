"""Which loops the server runs."""

from joborch.domain.errors import StoreFailedError
from joborch.process.clock import Jumps
from joborch.process.loop import Loop
from joborch.server.operations.clean import clean
from joborch.server.operations.dispatch import dispatch
from joborch.server.operations.rescue import rescue
from joborch.server.parts import Parts


def loops(parts: Parts) -> dict[str, Loop]:
    """Return the server's loops by name, not yet running."""
    jumps = Jumps(parts.clock)

    async def run_dispatch() -> float | None:
        return await dispatch(
            database=parts.database,
            blobs=parts.blobs,
            catalog=parts.catalog,
            roll=parts.roll,
            clock=parts.clock,
        )

    async def run_rescue() -> float | None:
        return await rescue(
            database=parts.database,
            catalog=parts.catalog,
            roll=parts.roll,
            clock=parts.clock,
            wake=parts.wake,
        )

    async def run_clean() -> float | None:
        return await clean(
            database=parts.database,
            blobs=parts.blobs,
            clock=parts.clock,
            jumps=jumps,
            settings=parts.settings,
        )

    passes = {"dispatch": run_dispatch, "rescue": run_rescue, "clean": run_clean}
    return {name: Loop(name, once, fatal=(StoreFailedError,)) for name, once in passes.items()}
