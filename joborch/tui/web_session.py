"""One dashboard in a browser: a process that ends when its page is closed."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence

from aiohttp.web import WebSocketResponse
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

PATIENCE_S = 5.0
"""So long a process may take to end after its page was closed."""
FRAMES = 20
"""A second, at most: a page may be far away."""
WIDTHS, HEIGHTS = (20, 500), (10, 200)
"""Beyond these a page would only waste our memory."""


class Session(AppService):
    """The process behind one page. It is started without a shell."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        page: WebSocketResponse,
        downloads: DownloadManager,
    ) -> None:
        """Start nothing yet; ``environment`` is all that the process will know of ours."""
        super().__init__(
            shlex.join(command),  # it is only ever shown
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=page.close,  # type: ignore[arg-type]  # it says whether; nobody asks
            download_manager=downloads,
        )
        self._arguments, self._environment = tuple(command), dict(environment)

    async def start(self, width: int, height: int) -> None:
        """Start the process, as large as the page."""
        await super().start(_within(width, WIDTHS), _within(height, HEIGHTS))

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Draw as large as the page is now."""
        await super().set_terminal_size(_within(width, WIDTHS), _within(height, HEIGHTS))

    async def run(self) -> None:
        """Pass on what the process draws; close the page at its end, however that came."""
        await super().run()
        await self.remote_close()

    async def stop(self) -> None:
        """End the process, if need be by force."""
        process, self._process = self._process, None
        try:
            async with asyncio.timeout(PATIENCE_S):
                await super().stop()
                if process is not None:
                    await process.wait()
        except TimeoutError:
            if process is not None:
                process.kill()
                await process.wait()

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        return self._environment | {
            "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TEXTUAL_FPS": str(FRAMES),
            "COLUMNS": str(width),
            "ROWS": str(height),
        }

    async def _open_app_process(
        self, width: int = 80, height: int = 24
    ) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        self._process = process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=self._build_environment(width, height),
        )
        self._stdin = process.stdin
        return process


def _within(size: int, bounds: tuple[int, int]) -> int:
    least, most = bounds
    return max(least, min(int(size), most))
