"""Every import of joborch points the way the architecture allows.

TABLE says for each part of the program which other parts it may import and which third-party
packages. A module belongs to the longest entry that it lies in. It may always import the standard
library, its own part and the bare package `joborch`. To name a part opens that part alone, not the
entries below it. Imports under `if TYPE_CHECKING`, inside functions and through
`import_module("a literal")` count like all others.

Three lines are worth a word:

- client → files: fetching results extracts an archive, and extracting safely is `files.archive`'s.
- server.api and server.roster → server.store.database: a handler or a loop hands the database on to
  an operation; what is asked of it is the operation's business, so the rest of the store is closed.
- web is how joborch speaks HTTP to whoever calls it, be it the server or an agent that listens; it
  knows neither.
- agent.runner imports nothing but the standard library and `files.atomic`: a shim starts for every
  job and has to outlive an upgrade of everything else.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What the modules of one part may import."""

    ours: frozenset[str] = frozenset()
    """Modules or packages of joborch, by full name."""
    theirs: frozenset[str] = frozenset()
    """Top-level third-party packages."""
    lazily: frozenset[str] = frozenset()
    """Either kind, but only inside a function."""


def part(*ours: str, theirs: str = "", lazily: str = "") -> Part:
    """Writes one line of the table; names of our own come without their `joborch.`."""
    return Part(
        ours=frozenset(f"joborch.{name}" for name in ours),
        theirs=frozenset(theirs.split()),
        lazily=frozenset(lazily.split()),
    )


AGENT = ("client", "wire", "domain", "files", "process")
SERVER = ("wire", "domain", "files", "process")
HOUSE = ("server.settings", "server.live", "server.blobs", "server.room")
OPERATING = ("server.operations", "server.parts", "server.store.database", *HOUSE)

TABLE: Mapping[str, Part] = {
    "joborch": part(),
    "joborch.__main__": part("cli"),
    "joborch.domain": part(),
    "joborch.files": part(),
    "joborch.process": part("domain"),
    "joborch.wire": part("domain", theirs="msgspec"),
    "joborch.web": part("domain", "files", theirs="litestar msgspec multipart uvicorn"),
    "joborch.client": part("wire", "domain", "files", theirs="httpx msgspec", lazily="tomlkit"),
    "joborch.cli": part("cli.run", "client", "wire", "domain", theirs="typer rich"),
    "joborch.cli.run": part(
        *("cli", "client", "wire", "domain"),
        theirs="typer rich",
        lazily="joborch.server.main joborch.server.audit.main joborch.server.importing.main"
        " joborch.agent.main joborch.tui.app joborch.tui.once joborch.tui.plain joborch.tui.web"
        " joborch.tui.web_child",
    ),
    "joborch.tui": part("client", "wire", "domain", theirs="textual rich msgspec"),
    "joborch.tui.web": part("domain", "tui.web_gate", "tui.web_server", theirs="aiohttp"),
    "joborch.tui.web_server": part(
        "tui.web_gate", "tui.web_session", theirs="aiohttp aiohttp_jinja2 textual_serve"
    ),
    "joborch.tui.web_session": part(theirs="aiohttp textual_serve"),
    "joborch.agent": part(*AGENT, "agent.runner", theirs="httpx msgspec psutil"),
    "joborch.agent.runner": part("files.atomic"),
    "joborch.agent.seed_api": part(*AGENT, "agent", "web", theirs="litestar msgspec multipart"),
    "joborch.agent.main": part(
        *AGENT,
        *("agent", "agent.runner"),
        theirs="httpx psutil uvloop",
        lazily="joborch.agent.seed_api joborch.web",
    ),
    "joborch.server": part(),
    "joborch.server.settings": part(*SERVER, "server.service_settings"),
    "joborch.server.service_settings": part(*SERVER),
    "joborch.server.live": part(*SERVER),
    "joborch.server.blobs": part(*SERVER, "server.room"),
    "joborch.server.room": part("domain"),
    "joborch.server.store": part(*SERVER, theirs="sqlmodel sqlalchemy alembic"),
    "joborch.server.audit": part("domain", "server.settings", "server.store.schema"),
    "joborch.server.belonging": part("domain"),
    "joborch.server.importing": part(*SERVER, "server.blobs", "server.store", "server.belonging"),
    "joborch.server.operations": part(*SERVER, *HOUSE, "server.store"),
    "joborch.server.parts": part(*SERVER, *HOUSE, "server.store.database"),
    "joborch.server.roster": part(*SERVER, *OPERATING),
    "joborch.server.assembly": part(*SERVER, *OPERATING, "server.store", "server.roster"),
    "joborch.server.api": part(*SERVER, *OPERATING, "web", theirs="litestar msgspec"),
    "joborch.server.app": part(*SERVER, *OPERATING, "server.api", "web", theirs="litestar msgspec"),
    "joborch.server.embedded": part(*SERVER, "server.settings", "server.service_settings"),
    "joborch.server.reloading": part("domain", "server.live", "server.settings"),
    "joborch.server.main": part(
        *SERVER,
        *OPERATING,
        *("server.store", "server.assembly", "server.app", "server.embedded", "web"),
        *("server.belonging", "server.reloading"),
        theirs="uvloop",
    ),
}

BARE_PACKAGES = {"joborch", "joborch.server"}
"""Entries for the package itself; a module right inside needs a line of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One name that a module imports."""

    target: str
    is_lazy: bool


def modules_of(root: Path) -> dict[str, str]:
    """Reads the source of every module of the package, by full name; packages are `….__init__`."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): path.read_text(encoding="utf-8")
        for path in sorted((root / "joborch").rglob("*.py"))
    }


def violations(modules: Mapping[str, str]) -> list[tuple[str, str]]:
    """Finds every (module, import) that the table does not allow."""
    known = {name.removesuffix(".__init__") for name in modules}
    found = []
    for name, source in modules.items():
        home = part_of(name.removesuffix(".__init__"))
        for each in imports_of(name, ast.parse(source), known):
            if not is_allowed(each, home):
                found.append((name, each.target))
    return found


def homeless(modules: Iterable[str]) -> list[str]:
    """Finds the modules that no line of the table speaks about."""
    names = {name.removesuffix(".__init__") for name in modules}
    return sorted(name for name in names - BARE_PACKAGES if part_of(name) in BARE_PACKAGES)


def part_of(module: str) -> str:
    """Names the entry of the table that a module of joborch belongs to."""
    return max((entry for entry in TABLE if is_within(module, entry)), key=len)


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def is_allowed(what: Import, home: str) -> bool:
    rule = TABLE[home]
    top = what.target.partition(".")[0]
    if what.is_lazy and any(is_within(what.target, name) for name in rule.lazily):
        return True
    if top != "joborch":
        return top in sys.stdlib_module_names or top in rule.theirs
    target_part = part_of(what.target)
    return (
        what.target == "joborch"
        or target_part == home
        or any(is_within(what.target, name) and target_part == part_of(name) for name in rule.ours)
    )


def imports_of(module: str, tree: ast.Module, known: set[str]) -> Iterator[Import]:
    """Yields what a module imports; of `from package import name` the module, if it is one."""
    for node, is_lazy in walk(tree):
        match node:
            case ast.Import(names=names):
                targets = [alias.name for alias in names]
            case ast.ImportFrom(names=names):
                base = origin(module, node)
                dotted = [f"{base}.{alias.name}" for alias in names]
                targets = sorted({name if name in known else base for name in dotted})
            case ast.Call(args=[ast.Constant(value=str(target)), *_]) if is_import_call(node):
                targets = [target]
            case _:
                continue
        for target in targets:
            yield Import(target=target, is_lazy=is_lazy)


def walk(node: ast.AST, *, is_lazy: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Yields every node below, and whether it only runs when a function is called."""
    for child in ast.iter_child_nodes(node):
        yield child, is_lazy
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from walk(child, is_lazy=is_lazy or is_function)


def origin(module: str, statement: ast.ImportFrom) -> str:
    """Resolves the `from` part: one dot is the module's own package, each further one a parent."""
    if not statement.level:
        return statement.module or ""
    package = module.split(".")[: -statement.level]
    return ".".join([*package, *([statement.module] if statement.module else [])])


def is_import_call(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in {"import_module", "__import__"}
    return False


def test_every_import_is_in_the_table() -> None:
    found = violations(modules_of(ROOT))
    report = "\n".join(f"  {module} must not import {target}" for module, target in found)
    assert not found, f"imports against the architecture:\n{report}"


def test_every_module_has_a_line_in_the_table() -> None:
    assert homeless(modules_of(ROOT)) == []


def test_the_walk_has_seen_the_program() -> None:
    assert {"joborch.__init__", "joborch.domain.__init__"} <= modules_of(ROOT).keys()


STUBS = dict.fromkeys([f"{entry}.__init__" for entry in TABLE] + ["joborch.agent.runner.shim"], "")

# What the program would have to say to break the rule, and must be caught saying.
FORBIDDEN = [
    ("joborch.domain.jobs", "import msgspec", "msgspec"),
    ("joborch.domain.jobs", "from joborch.wire.jobs import JobView", "joborch.wire.jobs"),
    ("joborch.domain.jobs", "from ..wire import jobs", "joborch.wire"),
    ("joborch.domain.__init__", "from ..wire import jobs", "joborch.wire"),
    ("joborch.domain.jobs", "from joborch import server", "joborch.server"),
    ("joborch.domain.jobs", "if True:\n    import httpx.foo as bar", "httpx.foo"),
    ("joborch.domain.jobs", "def f():\n    import httpx", "httpx"),
    ("joborch.files.atomic", "import joborch.domain.names", "joborch.domain.names"),
    ("joborch.process.loop", "import uvloop", "uvloop"),
    ("joborch.wire.jobs", "import httpx", "httpx"),
    ("joborch.client.orchestrator", "from joborch.process import clock", "joborch.process"),
    ("joborch.cli.submit", "from joborch.files import archive", "joborch.files"),
    ("joborch.cli.submit", "def f():\n    import joborch.server.main", "joborch.server.main"),
    ("joborch.cli.run", "import joborch.server.main", "joborch.server.main"),
    ("joborch.cli.run", "class A:\n    import joborch.tui.app", "joborch.tui.app"),
    ("joborch.cli.run", "def f():\n    import joborch.server.app", "joborch.server.app"),
    ("joborch.cli.main", "import_module('joborch.tui.app')", "joborch.tui.app"),
    ("joborch.cli.main", "importlib.import_module('joborch.tui.app')", "joborch.tui.app"),
    ("joborch.tui.app", "import httpx", "httpx"),
    ("joborch.tui.app", "from joborch.cli import output", "joborch.cli"),
    ("joborch.agent.worker", "import joborch.server.live.feed", "joborch.server.live.feed"),
    ("joborch.agent.worker", "from joborch.agent import main", "joborch.agent.main"),
    ("joborch.agent.backends.seed", "def f():\n    import litestar", "litestar"),
    ("joborch.agent.main", "import litestar", "litestar"),
    ("joborch.web.uploads", "import joborch.server.blobs", "joborch.server.blobs"),
    ("joborch.agent.runner.shim", "import psutil", "psutil"),
    ("joborch.agent.runner.shim", "from joborch.agent import spool", "joborch.agent"),
    ("joborch.agent.runner.shim", "from joborch.files import archive", "joborch.files"),
    ("joborch.server.api.jobs", "import sqlalchemy", "sqlalchemy"),
    ("joborch.server.api.jobs", "import joborch.server.store.jobs", "joborch.server.store.jobs"),
    ("joborch.server.roster", "import joborch.server.api.jobs", "joborch.server.api.jobs"),
    ("joborch.server.operations.submit", "import litestar", "litestar"),
    ("joborch.server.operations.submit", "from joborch.server import api", "joborch.server.api"),
    ("joborch.server.store.jobs", "from joborch.server.live import feed", "joborch.server.live"),
    ("joborch.server.store.jobs", "import joborch.client.transport", "joborch.client.transport"),
    ("joborch.server.blobs", "import sqlmodel", "sqlmodel"),
    ("joborch.server.app", "import uvicorn", "uvicorn"),
    ("joborch.server.live.feed", "import joborch.server.blobs", "joborch.server.blobs"),
    ("joborch.server.main", "import joborch.cli.main", "joborch.cli.main"),
    ("joborch.domain.jobs", "import joborch.helpers", "joborch.helpers"),
]


@pytest.mark.parametrize(("module", "source", "target"), FORBIDDEN)
def test_a_violation_is_caught(module: str, source: str, target: str) -> None:
    assert violations(STUBS | {module: source}) == [(module, target)]


def test_a_module_without_a_line_in_the_table_is_caught() -> None:
    made_up = ["joborch.helpers", "joborch.helpers.texts", "joborch.server.helpers"]
    assert homeless([*STUBS, *made_up, "joborch.server.api.jobs"]) == made_up


ALLOWED = [
    ("joborch.domain.jobs", "import dataclasses\nfrom joborch.domain import states"),
    ("joborch.wire.jobs", "import msgspec\nfrom ..domain.jobs import Job"),
    ("joborch.client.orchestrator", "import httpx\nfrom joborch.files import archive"),
    ("joborch.cli.main", "import_module('joborch.cli.run')\nfrom joborch import __version__"),
    ("joborch.cli.run", "def f():\n    from joborch.server.main import serve"),
    ("joborch.agent.runner.shim", "import os\nfrom joborch.files.atomic import replace"),
    ("joborch.agent.runner.launcher", "from . import shim\nfrom joborch.agent.runner import x"),
    ("joborch.agent.worker", "import joborch.agent.runner.launcher"),
    ("joborch.agent.seed_api", "def f():\n    import litestar"),
    ("joborch.server.api.jobs", "from joborch.server.store.database import Database"),
    ("joborch.server.operations.submit", "import joborch.server.store.jobs"),
    ("joborch.server.store.migrations.env", "import alembic"),
    ("joborch.server.main", "import uvloop\nimport joborch.server.app"),
]


@pytest.mark.parametrize(("module", "source"), ALLOWED)
def test_what_the_table_allows_passes(module: str, source: str) -> None:
    assert violations(STUBS | {module: source}) == []
