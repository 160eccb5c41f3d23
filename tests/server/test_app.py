import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from joborch.server.api import docs
from joborch.server.api.problems import HANDLERS
from joborch.web.edge import http_date
from tests.support.server import RunningServer, running_server

METHODS = {"get", "put", "post", "patch", "delete", "head"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running_server(tmp_path_factory.mktemp("app") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def document(server: RunningServer) -> Any:
    answer = server.http.get("/api-docs/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_every_operation_is_described(document: Any) -> None:
    found = operations(document)
    ids = [operation["operationId"] for _, _, operation in found]

    assert len(found) >= 39
    assert len(set(ids)) == len(ids)
    assert [o["operationId"] for _, _, o in found if not o["summary"] or not o["tags"]] == []
    assert {t for _, _, o in found for t in o["tags"]} == {t["name"] for t in document["tags"]}


def test_every_answer_is_described(document: Any) -> None:
    undescribed = [
        f"{method} {path} {status}"
        for path, method, operation in operations(document)
        for status, response in operation["responses"].items()
        if status not in {"204", "304"}
        and not all(content.get("schema") for content in response.get("content", {"": {}}).values())
    ]
    assert undescribed == []


def test_every_refusal_of_the_native_api_is_a_problem(document: Any) -> None:
    others = [
        f"{method} {path} {status}"
        for path, method, operation in operations(document)
        for status, response in operation["responses"].items()
        if path.startswith("/api/v1")
        and status[0] in "45"
        and [*response["content"]] != ["application/problem+json"]
    ]
    assert others == ["get /api/v1/health 503"]


def test_every_body_and_parameter_is_described(document: Any) -> None:
    bodies = [
        (path, [*operation.get("requestBody", {}).get("content", {})])
        for path, method, operation in operations(document)
        if method in {"put", "post", "patch"}
    ]
    without = [path for path, kinds in bodies if not kinds]
    in_path = [
        path
        for path, _, operation in operations(document)
        if set(re.findall(r"{(\w+)}", path))
        != {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
    ]

    assert without == [
        "/api/v1/jobs/{job_id}/hold",
        "/api/v1/jobs/{job_id}/release",
        "/api/v1/services/{name}/resume",
        "/api/v1/agents/{agent_id}/drain",
        "/api/v1/agents/{agent_id}/resume",
        "/terminate/{job_id}",
    ]
    assert in_path == []
    assert dict(bodies)["/api/v1/jobs"] == ["multipart/form-data"]
    form = document["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]
    assert form["multipart/form-data"]["schema"]["required"] == ["service", "user_id", "file"]


def test_the_reference_and_the_document_name_the_same_routes(document: Any) -> None:
    text = (ROOT / "docs" / "http-api.md").read_text()
    rows = re.findall(r"^\| `((?:GET|POST|PUT|PATCH|DELETE)[^|]*)\|", text, re.MULTILINE)
    named = {
        re.sub(r"{[^}]*}", "{}", path) for row in rows for path in re.findall(r"/[^`, ?]*", row)
    }
    served = {re.sub(r"{[^}]*}", "{}", path) for path in document["paths"]}

    missing = {p for p in served if p.startswith("/api/v1")} - named
    assert missing - {"/api/v1/services/{}", "/api/v1/agents/{}"} == set()


@pytest.mark.parametrize("path", ["/swagger-ui/", "/swagger-ui", "/swagger"])
def test_the_page_needs_nothing_from_elsewhere(server: RunningServer, path: str) -> None:
    page = server.http.get(path)
    wanted = re.findall(r'(?:src|href)="(/[^"]*)"', page.text)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "//" not in page.text.partition("<body>")[2]
    assert [server.http.get(url).status_code for url in wanted] == [200, 200]


def test_there_is_no_page_if_none_is_wanted(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", no_swagger=True) as server:
        answers = [server.http.get(f"/swagger-ui{rest}") for rest in ("", "/", "/swagger-ui.css")]
        document = server.http.get("/api-docs/openapi.json")
        hello = server.log

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert document.status_code == 200
    assert "swagger" not in hello


def test_the_page_has_no_other_files(server: RunningServer) -> None:
    for name in ("LICENSE", "..%2f__init__.py", "nothing.js"):
        assert server.http.get(f"/swagger-ui/{name}").status_code == 404


def test_what_nobody_foresaw_is_a_problem_with_a_reference(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @get("/boom", sync_to_thread=False)
    def boom() -> None:
        raise RuntimeError("secret")

    app = Litestar([boom], exception_handlers=HANDLERS, logging_config=None)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/boom")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert [record.message for record in caplog.records] == ["request failed"]
    assert "secret" in caplog.text


def test_the_date_is_the_one_of_the_protocol() -> None:
    assert re.fullmatch(rb"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", http_date())


def test_a_leftover_body_does_not_disturb_the_next_request(server: RunningServer) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        refused = client.post("/nothing", content=bytes(10_000))
        next_one = client.get("/health")

    assert (refused.status_code, next_one.status_code) == (404, 200)
    assert "connection" not in refused.headers


def test_the_assets_are_installed() -> None:
    assert docs.assets_directory() is not None
