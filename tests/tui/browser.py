"""A real browser without a window, told what to do over its debugging protocol."""

import asyncio
import base64
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.waiting import async_wait_until

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--remote-debugging-port=0", "--window-size=1300,800"),
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
)


@dataclass(slots=True)
class Tab:
    """One page, and what was heard of it."""

    socket: aiohttp.ClientWebSocketResponse
    drawn: str = ""
    """Everything that came over the page's own connection."""
    asked: list[str] = field(default_factory=list)
    """Every address that the page asked for."""
    complaints: list[str] = field(default_factory=list)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    number: int = 0

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        """Do something, and return the answer."""
        self.number += 1
        number = self.number
        await self.socket.send_json({"id": number, "method": method, "params": params})
        await async_wait_until(lambda: number in self.answers, timeout=30)
        return self.answers.pop(number)["result"]  # type: ignore[no-any-return]  # it is a dict

    async def open(self, url: str) -> None:
        await self.do("Page.navigate", url=url)

    async def value(self, expression: str) -> Any:
        """What the page says an expression of JavaScript is."""
        answer = await self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def type(self, text: str) -> None:
        for key in text:
            await self.do("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
            await self.do("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def sees(self, *words: str) -> None:
        await async_wait_until(
            lambda: all(word in self.drawn for word in words),
            timeout=40,
            describe=lambda: (self.drawn[-3000:], self.complaints),
        )

    async def screenshot(self, into: Path) -> None:
        """Keep what a person would see."""
        answer = await self.do("Page.captureScreenshot")
        into.write_bytes(base64.b64decode(answer["data"]))

    async def listen(self) -> None:
        """Take in what the browser tells, until it goes."""
        async for message in self.socket:
            self._take(message.json())

    def _take(self, told: dict[str, Any]) -> None:
        if "id" in told:
            self.answers[told["id"]] = told
            return
        params = told["params"]
        match told["method"]:
            case "Network.webSocketFrameReceived":
                response = params["response"]
                if response["opcode"] == 2:
                    drawn = base64.b64decode(response["payloadData"]).decode(errors="replace")
                    self.drawn += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn)
            case "Network.requestWillBeSent":
                self.asked.append(params["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(params["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))


@asynccontextmanager
async def a_tab(home: Path) -> AsyncIterator[Tab]:
    """A browser with one empty page; both are gone afterwards."""
    if PROGRAM is None:
        raise RuntimeError("there is no browser here")
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *FLAGS,
        f"--user-data-dir={home}",
        "about:blank",
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        port_file = home / "DevToolsActivePort"
        text = await async_wait_until(
            lambda: port_file.exists() and port_file.read_text(), timeout=40
        )
        port = int(str(text).splitlines()[0])
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [each for each in await answer.json() if each["type"] == "page"]
            async with session.ws_connect(
                pages[0]["webSocketDebuggerUrl"], max_msg_size=0
            ) as socket:
                tab = Tab(socket)
                listener = asyncio.create_task(tab.listen(), name="browser")
                for domain in ("Page", "Network", "Log", "Runtime"):
                    await tab.do(f"{domain}.enable")
                yield tab
                listener.cancel()
    finally:
        process.kill()
        await process.wait()
