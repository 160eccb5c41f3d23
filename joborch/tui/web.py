"""``joborch top --web``: the dashboard in a browser, each page a process of its own.

The processes know of our environment only what ``environment`` names, and can change nothing unless
that was asked for.
"""

import asyncio
import os
import platform
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from joborch.domain.errors import JoborchError
from joborch.tui.web_gate import EVERYWHERE, Gate, is_loopback
from joborch.tui.web_server import TopServer

PAGES = Path(__file__).with_name("web_page")
KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "NO_COLOR")
"""What a session may know of our environment; the rest it is told by ``WebWish``."""
EXPOSED = (
    "warning: whoever reaches {host} can try to open this, and what is shown goes there"
    " unencrypted; `ssh -L` to a loopback address does neither"
)
LEAVING_S = 2.0
ENDINGS = {signal.SIGINT: 0, signal.SIGTERM: 143, signal.SIGHUP: 129}
"""By which signal it ends, with which exit code: Ctrl-C is how it is meant to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebWish:
    """What was asked for on the command line."""

    host: str
    port: int
    """0: any that is free."""
    may_write: bool
    settings: Mapping[str, str]
    """``JOBORCH_…`` variables: which server, and who asks."""
    options: Sequence[str] = ()
    """Further options of ``joborch top``."""


def main(
    *,
    env: Mapping[str, str],
    tell: Callable[[str], None],
    warn: Callable[[str], None],
    **wish: Any,
) -> int:
    """Serve until a signal comes; returns the exit code.

    Args:
        env: our environment.
        tell: is given the links to open.
        warn: is given what a person should know first.
        wish: a ``WebWish``.

    Raises:
        JoborchError: if it cannot listen there.
    """
    wished = WebWish(**wish)
    if not is_loopback(wished.host):
        warn(EXPOSED.format(host=wished.host))
    return asyncio.run(_serve(wished, env, tell))


def command(wish: WebWish) -> list[str]:
    """Return the process of a session; what a person typed is never read by a shell."""
    top = [
        sys.executable,
        "-P",
        "-m",
        "joborch",
        "top",
        f"--in-browser={os.getpid()}",
        *wish.options,
    ]
    return top if wish.may_write else [*top, "--read-only"]


def environment(wish: WebWish, env: Mapping[str, str]) -> dict[str, str]:
    """Return all that a session knows of ours."""
    kept = {name: env[name] for name in KEPT if name in env}
    return kept | {"TERM": "xterm-256color"} | dict(wish.settings)


async def _serve(wish: WebWish, env: Mapping[str, str], tell: Callable[[str], None]) -> int:
    gate, address = Gate(wish.host), ""

    def tell_link(words: str = "another browser") -> None:
        tell(f"{words}: {address}/?token={gate.token}")

    server = TopServer(
        command(wish), environment(wish, env), gate=gate, pages=str(PAGES), on_enter=tell_link
    )
    application = await server.application()
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=LEAVING_S)
    await runner.setup()
    try:
        address = await _listen(runner, wish)
        tell_link("open")
        return await _signalled()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, wish: WebWish) -> str:
    try:
        await web.TCPSite(runner, wish.host, wish.port).start()
    except OSError as error:
        raise JoborchError(
            f"cannot listen at {wish.host}:{wish.port}: {error.strerror or error}",
            hint="choose another --web-port; 0 takes one that is free",
        ) from error
    name = f"[{wish.host}]" if ":" in wish.host else wish.host
    name = platform.node() if wish.host in EVERYWHERE else name
    return f"http://{name}:{runner.addresses[0][1]}"


async def _signalled() -> int:
    loop, code = asyncio.get_running_loop(), asyncio.Future[int]()

    def end(number: signal.Signals) -> None:
        if not code.done():
            code.set_result(ENDINGS[number])

    for number in ENDINGS:
        loop.add_signal_handler(number, end, number)
    return await code
