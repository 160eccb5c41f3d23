"""Processes in simulated time, all on one thread: they run, stop and die as real ones do.

A process is whatever runs in its context: tasks, timers and callbacks, and all that these begin.
One that is killed does nothing any more, not even ``finally``; one that is stopped does it later.
No thread and no system call decides what comes next, so the same seed gives the same day.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any, TypeVar

from tests.support.builders import FrozenClock

T = TypeVar("T")

LEAST_STEP_S = 1e-6
"""The clock's resolution."""
OUTSIDE = Context()
"""Where no process is: what the network and fate do."""


class Process:
    """What is killed and stopped as one. ``lag`` draws how long a step on the disk takes."""

    def __init__(self, name: str, *, lag: Callable[[], float] = lambda: 0.0) -> None:
        self.name = name
        self.is_alive = True
        self.lag = lag
        self._is_stopped = False
        self._held: list[tuple[Context, Callable[..., object], tuple[Any, ...]]] = []
        self._tasks: list[asyncio.Task[Any]] = []
        """Kept, as what a killed process would do next, since Python tidies up what it forgets."""

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Have the process do something."""
        context = OUTSIDE.copy()
        context.run(_PROCESS.set, self)
        return asyncio.get_running_loop().create_task(work, context=context)

    def kill(self) -> None:
        """End it: nothing that it began goes on."""
        self.is_alive = False

    def stop(self) -> None:
        """Have it do nothing until :meth:`go_on`, as SIGSTOP does."""
        self._is_stopped = True

    def go_on(self) -> None:
        """Do what should have been done in the meantime."""
        self._is_stopped = False
        held, self._held = self._held, []
        loop = asyncio.get_running_loop()
        for context, callback, arguments in held:
            loop.call_soon(callback, *arguments, context=context)

    async def clear_away(self) -> None:
        """Let Python tidy up what is left, once nothing of it matters any more."""
        self.is_alive, self.lag = True, lambda: 0.0
        for _ in range(20):
            left = [task for task in self._tasks if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            self.go_on()
            await asyncio.wait(left, timeout=0.1)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def keep(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.append(task)

    def run(self, callback: Callable[..., object], *arguments: object) -> None:
        if self.is_alive and not self._is_stopped:
            callback(*arguments)
        else:
            self._held.append((copy_context(), callback, arguments))


_PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: when nothing can be done, its clock moves on.

    What others do in threads is done here, after as long as the process's disk takes.
    """

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__(_NeverWaiting(clock))
        self._simulated = clock

    def time(self) -> float:
        return self._simulated.monotonic()

    def call_soon(  # type: ignore[override]  # typeshed ties the arguments to the callback
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return super().call_soon(*_owned(callback, args, context), context=context)

    def call_at(  # type: ignore[override]  # as above
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return super().call_at(when, *_owned(callback, args, context), context=context)

    def create_task(
        self,
        coro: Any,
        *,
        name: object = None,
        context: Context | None = None,
    ) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = super().create_task(coro, name=name, context=context)
        process = _PROCESS.get() if context is None else context.get(_PROCESS)
        if process:
            process.keep(task)
        return task

    def run_in_executor(  # type: ignore[override]  # as above
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        done: asyncio.Future[T] = self.create_future()
        process = _PROCESS.get()
        if process and (lag_s := process.lag()):
            self.call_later(lag_s, partial(_do, done, func, *args))
        else:
            _do(done, func, *args)
        return done


class _NeverWaiting(selectors.SelectSelector):
    def __init__(self, clock: FrozenClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else")
        if timeout > 0:
            self._clock.advance(seconds=max(timeout, LEAST_STEP_S))
        return []


def lag_s() -> float:
    """Draw how long the disk of the process that asks takes for its next step."""
    process = _PROCESS.get()
    return process.lag() if process else 0.0


def run(work: Callable[[], Coroutine[Any, Any, T]], *, clock: FrozenClock) -> T:
    """Run something to its end, in an instant."""
    with asyncio.Runner(loop_factory=lambda: SimulatedLoop(clock)) as runner:
        return runner.run(work())


def _owned(
    callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
) -> tuple[Any, ...]:
    process = _PROCESS.get() if context is None else context.get(_PROCESS)
    return (process.run, callback, *args) if process else (callback, *args)


def _do(done: "asyncio.Future[T]", func: Callable[..., T], *args: Any) -> None:
    if done.cancelled():
        return
    try:
        done.set_result(func(*args))
    except Exception as error:  # whoever waits for it deals with it
        done.set_exception(error)
