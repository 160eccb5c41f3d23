"""``joborch demo``: everything at work on this machine, and nothing of it left afterwards."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from joborch.cli import demo_jobs
from joborch.cli.demo_site import DemoSite
from joborch.cli.exits import FAILED, UsageError
from joborch.cli.options import Common
from joborch.cli.output import Output
from joborch.client import Orchestrator
from joborch.client.settings import login_name
from joborch.domain.errors import JoborchError
from joborch.wire.jobs import JobView

EXAMPLES = """
joborch demo                           watch it; q ends it and removes everything
joborch demo --no-top --jobs 12
joborch demo --keep                    leave its files, and say how to start it again
"""
LOOK_S = 1.0
CANCEL_S = 5.0
AGAIN_S = 0.2
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def demo(
    context: typer.Context,
    *,
    no_top: Annotated[bool, typer.Option("--no-top", help="Lines instead of a screen.")] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, max=10_000, help="How many.")
    ] = 60,
    keep: Annotated[bool, typer.Option("--keep", help="Leave its files behind.")] = False,
) -> None:
    """Run a server, two agents and some short jobs of three users here, and watch them.

    Everything is in a temporary directory and on a free port, and is ended and removed by q,
    Ctrl-C or SIGTERM. Without a terminal it shows its progress, and a table in the end.
    """
    options = context.obj if isinstance(context.obj, Common) else Common()
    if options.server:
        raise UsageError("the demo brings its own server", hint="joborch top --server URL")
    output = Output(options)
    watches = not no_top and not output.is_for_programs and sys.stdin.isatty()
    with _a_site(output, is_kept=keep) as site:
        site.start_server()
        if watches:
            from joborch.cli.run import warm_up_top

            warm_up_top()  # while the server starts
        site.wait_for_server()
        site.start_agents()
        asyncio.run(_submit(site.url, jobs))
        code = _watch(site.url) if watches else asyncio.run(_tell(site.url, output))
    raise typer.Exit(code)


@contextmanager
def _a_site(output: Output, *, is_kept: bool) -> Iterator[DemoSite]:
    """Make a directory for a site; end what runs there, and remove it, whatever happens."""
    for number in ENDING:
        signal.signal(number, _leave)
    site = DemoSite(Path(tempfile.mkdtemp(prefix="joborch-demo-")))
    try:
        try:
            yield site
        finally:
            _be_deaf()
    finally:
        _be_deaf()  # if a signal came through amidst the first time
        _end(site)
        if is_kept:
            lines = (f"  {line}" for line in site.again())
            output.trouble("\n".join([f"kept in {site.home}; to start it again:", *lines]))
        else:
            shutil.rmtree(site.home)


def _leave(number: int, frame: object) -> NoReturn:
    """Leave, again and again until that is heard.

    Python only notes that it ignored an exception where it is raised in a finalizer, or in what
    follows an import, and a signal may well come then.
    """
    _be_deaf()
    signal.signal(signal.SIGALRM, lambda _number, frame: _leave(number, frame))
    signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
    raise SystemExit(128 + number)


def _be_deaf() -> None:
    """Hear no further signal: who is impatient would leave behind what was not ended yet."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _end(site: DemoSite) -> None:
    """Cancel what has not ended, as long as there is a server for that, and end the site."""
    if site.url:
        with contextlib.suppress(JoborchError, TimeoutError):
            asyncio.run(_cancel(site.url))
    site.end()


async def _cancel(url: str) -> None:
    async with asyncio.timeout(CANCEL_S), Orchestrator(url) as orchestrator:
        await demo_jobs.cancel_all(orchestrator)


async def _submit(url: str, count: int) -> None:
    async with Orchestrator(url) as orchestrator:
        await demo_jobs.submit_all(orchestrator, count, login_name(os.environ))


def _watch(url: str) -> int:
    from joborch.cli.main import main

    return main(["--server", url, "top"])


async def _tell(url: str, output: Output) -> int:
    """Say how it goes, show a table in the end, and return the exit code."""
    said = ""

    def tell(jobs: list[JobView]) -> None:
        nonlocal said
        if (line := demo_jobs.counted(jobs)) != said and output.tells_progress:
            output.note(line)
        said = line

    async with Orchestrator(url) as orchestrator:
        jobs = await demo_jobs.until_done(orchestrator, tell, lambda: asyncio.sleep(LOOK_S))
    shares = demo_jobs.shares(jobs)
    document = {"schema": "joborch.demo/1", "items": [_plain(share) for share in shares]}
    output.table(
        demo_jobs.columns(),
        shares,
        document=document,
        ids=lambda share: f"{share.user_id}/{share.service}",
    )
    return 0 if all(share.jobs == share.completed for share in shares) else FAILED


def _plain(share: demo_jobs.Share) -> dict[str, object]:
    return {name: getattr(share, name) for name in type(share).__slots__}
