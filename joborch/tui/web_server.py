"""The dashboard's page and its sessions, over HTTP, for those whom the gate lets in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

import aiohttp_jinja2
from aiohttp import web
from textual_serve.server import Server, to_int

from joborch.tui.web_gate import Gate
from joborch.tui.web_session import Session

MOST_SESSIONS = 8
"""Each is a process with a connection to the server of its own."""
LARGEST_MESSAGE = 64 * 1024
HEARTBEAT_S = 15.0
FONT_SIZE = 14
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
TITLE = "joborch top"
SIDES = ("width", "height")
CLOSED = (
    "This link was used before, or is none. Open the one that the terminal shows now:\n"
    "each opens the dashboard in one browser.\n"
)

logger = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TopServer(Server):
    """Serves one page, from this machine alone: scripts and fonts too."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        gate: Gate,
        pages: str,
        on_enter: Callable[[], None],
    ) -> None:
        """Listen to nothing yet.

        Args:
            command: the process of each session.
            environment: all that it knows of ours.
            gate: who may come in.
            pages: the directory of the page.
            on_enter: called when a link has been used, and there is another.
        """
        super().__init__(" ".join(command), title=TITLE, templates_path=pages)
        self.gate = gate
        self._process = (command, environment)
        self._on_enter = on_enter
        self._sessions: set[Session] = set()

    async def application(self) -> web.Application:
        """Return what answers the requests."""
        application = await self._make_app()
        application.middlewares.append(self._guard)
        application.on_response_prepare.append(_harden)
        return application

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: whoever started it does."""

    async def on_shutdown(self, app: web.Application) -> None:
        """End all sessions, so that nobody has to be waited for."""
        await asyncio.gather(*(session.remote_close() for session in self._sessions))

    @aiohttp_jinja2.template("app_index.html")
    async def handle_index(self, request: web.Request) -> dict[str, object]:
        """Return the page."""
        self._check_room()
        scheme = "wss" if request.secure else "ws"
        return {
            "title": TITLE,
            "font_size": FONT_SIZE,
            "websocket_url": f"{scheme}://{request.host}/ws",
        }

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Be one session, from the first frame to the last."""
        self._check_room()
        page = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=LARGEST_MESSAGE)
        session = Session(*self._process, page, self.download_manager)
        self._sessions.add(session)  # before anything is awaited, so that the limit holds
        try:
            await page.prepare(request)
            await session.start(*(to_int(request.query.get(side, ""), 80) for side in SIDES))
            await self._process_messages(page, session)
        except Exception:  # one page's nonsense is not to end the others
            logger.exception("session failed")
        finally:
            self._sessions.discard(session)
            await asyncio.shield(session.stop())
            await page.close()
        return page

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        host, origin = request.host, request.headers.get("Origin")
        if not self.gate.is_ours(host):
            raise web.HTTPForbidden(text="This page is not known by that name.\n")
        is_socket = request.path == "/ws"
        if (origin or is_socket) and not self.gate.is_own_page(origin, host):
            raise web.HTTPForbidden(text="Another page may not use this one.\n")
        cookie = _cookie_name(request)
        token = request.query.get("token")
        if token and request.method == "GET":
            raise self._entered(token, cookie)
        if not self.gate.knows(request.cookies.get(cookie, "")):
            raise web.HTTPForbidden(text=CLOSED)
        return await handler(request)

    def _entered(self, token: str, cookie: str) -> web.HTTPException:
        """Return the way to the page, for a good token, without the token in the address."""
        known = self.gate.admit(token)
        if known is None:
            return web.HTTPForbidden(text=CLOSED)
        self._on_enter()
        way = web.HTTPSeeOther("/")
        # Lax, not Strict: the link may be clicked in a terminal that is itself in a browser.
        way.set_cookie(cookie, known, httponly=True, samesite="Lax", path="/")
        return way

    def _check_room(self) -> None:
        if len(self._sessions) >= MOST_SESSIONS:
            words = f"{MOST_SESSIONS} sessions are open; close one and try again.\n"
            raise web.HTTPServiceUnavailable(text=words)


def _cookie_name(request: web.Request) -> str:
    """Return the name, which has the port in it: a cookie is sent to all ports of a host."""
    port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
    return f"joborch_top_{port}"


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    """Have the browser ask nobody else for anything, and show the page in no other."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        f"img-src 'self' data:; connect-src 'self' ws://{request.host} wss://{request.host}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response.headers.update({**HEADERS, "Content-Security-Policy": policy})
