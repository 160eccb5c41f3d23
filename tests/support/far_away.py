"""A TCP proxy through which everything takes its time, for want of a network that does."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE_BYTES = 64 * 1024


@contextmanager
def far_away(host: str, port: int, *, delay_s: float) -> Iterator[int]:
    """Listen on another port of ``host``, yielded; what arrives goes on to ``port``, so much later.

    Listens where the calling thread is, if that has a network namespace of its own.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="far away")
    proxy = _Proxy(host, port, delay_s)
    thread.start()
    try:
        # The thread inherits the namespace of the one that starts it.
        server = asyncio.run_coroutine_threadsafe(proxy.listen(), loop).result()
        yield server.sockets[0].getsockname()[1]
        asyncio.run_coroutine_threadsafe(proxy.close(server), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Proxy:
    def __init__(self, host: str, port: int, delay_s: float) -> None:
        self._host = host
        self._port = port
        self._delay_s = delay_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, self._host, 0)

    async def close(self, server: asyncio.Server) -> None:
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(OSError, asyncio.CancelledError):
            there, back = await asyncio.open_connection(self._host, self._port)
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes in, in its order, each piece as long after it came."""
        loop = asyncio.get_running_loop()
        try:
            while piece := await reader.read(PIECE_BYTES):
                loop.call_later(self._delay_s, writer.write, piece)
            await asyncio.sleep(self._delay_s)
        finally:
            writer.close()
