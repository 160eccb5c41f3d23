"""What connects agents and users with the server, and does to their messages what networks do.

Requests and answers are delayed, lost and overtaken; a request that was given up may still arrive,
and one that arrived may arrive again. A host can be cut off in one direction or in both. What its
sender sees of all this is that no answer comes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from joborch.domain.errors import JoborchError, ServerBrokenError, ServerUnreachableError
from joborch.server.parts import Parts
from tests.faults.simulated.processes import OUTSIDE
from tests.faults.simulated.server import SimulatedServer

T = TypeVar("T")
Request = Callable[[Parts], Awaitable[Any]]
"""What the server does with it."""

LOSS = 0.04
SLOW = 0.08
SLOWEST_S = 20.0
REPEATS = 0.1
LATEST_REPEAT_S = 120.0
PATIENCE_S = 15.0


@dataclass(slots=True)
class Network:
    """One network; it is faulty while ``is_faulty``."""

    chance: Random
    server: SimulatedServer
    is_faulty: bool = True
    cut_up: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Until when nothing of a host's gets to the server."""
    cut_down: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Until when nothing of the server's gets to a host."""

    async def call(self, host: str, request: Request, *, patience_s: float = PATIENCE_S) -> Any:
        """Send a request and wait for the answer.

        Raises:
            ServerUnreachableError: none came; the request may have arrived, or may do so yet.
            JoborchError: as the server said.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._send(host, request, answer)
        try:
            async with asyncio.timeout(patience_s):
                return await answer
        except TimeoutError:
            raise ServerUnreachableError("no answer") from None

    def _send(self, host: str, request: Request, answer: "asyncio.Future[Any]") -> None:
        if not self._loses(self.cut_up[host]):
            self._later(self._delay_s(), self._arrive, host, request, answer)
        if self.is_faulty and self.chance.random() < REPEATS:
            delay_s = self.chance.uniform(0, LATEST_REPEAT_S)
            self._later(delay_s, self._arrive, host, request, None)

    def _arrive(self, host: str, request: Request, answer: "asyncio.Future[Any] | None") -> None:
        def reply(result: object) -> None:
            if answer and not self._loses(self.cut_down[host]):
                self._later(self._delay_s(), _settle, answer, result)

        self.server.handle(request, reply)

    def _loses(self, cut_until: float) -> bool:
        if not self.is_faulty:
            return False
        return asyncio.get_running_loop().time() < cut_until or self.chance.random() < LOSS

    def _delay_s(self) -> float:
        is_slow = self.is_faulty and self.chance.random() < SLOW
        return self.chance.uniform(0.01, SLOWEST_S if is_slow else 0.3)

    def _later(self, delay_s: float, action: Callable[..., None], *arguments: object) -> None:
        asyncio.get_running_loop().call_later(delay_s, action, *arguments, context=OUTSIDE)


def _settle(answer: "asyncio.Future[Any]", result: object) -> None:
    if answer.done():
        return
    if isinstance(result, JoborchError):
        answer.set_exception(result)
    elif isinstance(result, Exception):
        answer.set_exception(ServerBrokenError(str(result)))
    else:
        answer.set_result(result)
