"""The API's description of itself, and the page that shows it without fetching anything elsewhere.

The page's script and style come from the package ``swagger-ui-py`` where that is installed.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Response, Router, route
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.params import FromPath
from litestar.types import Method

from joborch import __version__
from joborch.server.api.bodies import ApiRequest

TITLE = "joborch"
DOCUMENT = "/api-docs/openapi.json"
READING = [HttpMethod.GET, HttpMethod.HEAD]
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
_ELSEWHERE = "https://unpkg.com/swagger-ui-dist@5/"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{base}swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{base}swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({{url: "{document}", dom_id: "#swagger-ui", deepLinking: true}})</script>
</body>
</html>
"""
TAGS = [
    Tag(name="jobs", description="Submit jobs, follow them, end them."),
    Tag(name="files", description="What jobs were given, write and leave."),
    Tag(name="events", description="What happens, as it happens."),
    Tag(name="services", description="Services, quotas and their use."),
    Tag(name="server", description="The server itself."),
    Tag(name="agents", description="For agents, and about them."),
    Tag(name="original", description="The routes of the original, as its clients know them."),
]


class Document(JsonRenderPlugin):
    """The description as a page of its own, for HEAD too, of which the framework does not think."""

    def receive_router(self, router: Router) -> None:
        """Add the route for HEAD beside the framework's for GET."""

        @route("/openapi.json", http_method=HttpMethod.HEAD, sync_to_thread=False)
        def document_head(request: ApiRequest) -> Response[bytes]:
            document = self.render(request, request.app.openapi_schema.to_schema())
            return Response(document, media_type=self.media_type)

        router.register(document_head)


def openapi_config() -> OpenAPIConfig:
    """Return how the description is made and where it is."""
    return OpenAPIConfig(
        title=TITLE,
        version=__version__,
        description="A job orchestrator: queues, quotas, agents, results.",
        path="/api-docs",
        render_plugins=[Document(path="/openapi.json", media_type="application/json")],  # type: ignore[arg-type]  # any media type works
        operation_id_creator=_operation_id,
        components=Components(
            security_schemes={"agent": SecurityScheme(type="http", scheme="bearer")}
        ),
        tags=TAGS,
    )


@route(
    ["/swagger-ui", "/swagger"],
    http_method=READING,
    include_in_schema=False,
    sync_to_thread=False,
)
def swagger_page() -> Response[str]:
    """Show the API's description as a page to try it out."""
    base = "/swagger-ui/" if assets_directory() else _ELSEWHERE
    page = _PAGE.format(title=TITLE, base=base, document=DOCUMENT)
    return Response(page, media_type="text/html")


@route("/swagger-ui/{name:str}", http_method=READING, include_in_schema=False, sync_to_thread=True)
def swagger_asset(name: FromPath[str]) -> Response[bytes]:
    """Serve the page's script or style."""
    directory = assets_directory()
    if directory is None or name not in _ASSETS:
        raise NotFoundException
    headers = {"cache-control": "max-age=86400"}
    return Response((directory / name).read_bytes(), media_type=_ASSETS[name], headers=headers)


PAGE: list[HTTPRouteHandler] = [swagger_page, swagger_asset]


def assets_directory() -> Path | None:
    """Return where the page's files are on this machine, None if they are not."""
    found = find_spec("swagger_ui")
    if found is None or not found.submodule_search_locations:
        return None
    directory = Path(next(iter(found.submodule_search_locations))) / "static"
    return directory if all((directory / name).is_file() for name in _ASSETS) else None


def summarize(handlers: list[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    """Give each handler the first line of its docstring as its summary, the rest as the text."""
    for handler in handlers:
        first, _, rest = (handler.fn.__doc__ or "").partition("\n")
        handler.summary = first.strip().rstrip(".")
        handler.description = "\n".join(line.strip() for line in rest.strip().splitlines())
    return handlers


def _operation_id(handler: HTTPRouteHandler, method: Method, _: list[Any]) -> str:
    name = handler.fn.__name__
    return f"{name}_head" if method == "HEAD" else name
