"""``joborch doctor``: what works and what does not, from the settings to the stream of events."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import asdict

import typer

from joborch.cli.chosen import settings_of
from joborch.cli.doctor.findings import MARKS, Finding, State
from joborch.cli.doctor.network import check_network
from joborch.cli.doctor.server import check_server, unreached
from joborch.cli.doctor.settings import broken_settings, check_settings
from joborch.cli.doctor.terminal import check_terminal
from joborch.cli.options import Common
from joborch.cli.output import Output
from joborch.cli.tables import Column
from joborch.client import Orchestrator, Retries
from joborch.client.settings import ClientSettings
from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line

EXAMPLES = """
joborch doctor
joborch doctor --profile prod --json
until joborch doctor -qq; do sleep 1; done
"""
COLORS = {State.OK: "green", State.FAILED: "red", State.SKIPPED: "dim"}


def doctor(context: typer.Context) -> None:
    """Look at settings, network, server, agents and terminal, and say what to do where it fails.

    The exit code is 1 if anything failed. What is skipped does not apply, or could not be tried
    because of what failed before it.
    """
    options = context.obj if isinstance(context.obj, Common) else Common()
    output = Output(options)
    findings = []
    for finding in _examine(options):
        findings.append(finding)
        if not output.is_for_programs:
            _show(output, finding)
    is_well = all(finding.state is not State.FAILED for finding in findings)
    if output.is_for_programs:
        _report(output, findings, is_well=is_well)
    if not is_well:
        raise typer.Exit(1)


def _examine(options: Common) -> Iterator[Finding]:
    try:
        settings = settings_of(options)
    except JoborchError as error:
        yield broken_settings(error)
        yield from unreached("without settings, it is not known where")
    else:
        yield from check_settings(settings)
        yield from _examine_server(settings)
    yield from check_terminal(os.environ)


def _examine_server(settings: ClientSettings) -> Iterator[Finding]:
    for finding in check_network(settings.server):
        yield finding
        if finding.state is State.FAILED:
            yield from unreached("the server is not reached")
            return
    found = asyncio.run(_ask(settings))
    yield from found
    told = {finding.check for finding in found}
    yield from (one for one in unreached("not tried") if one.check not in told)


async def _ask(settings: ClientSettings) -> list[Finding]:
    async with Orchestrator(
        settings.server,
        timeout=settings.timeout,
        retries=Retries(tries=1),
        token=settings.token.text if settings.token else None,
    ) as server:
        return [finding async for finding in check_server(server, settings)]


def _show(output: Output, finding: Finding) -> None:
    state = output.colored(f"{MARKS[finding.state]} {finding.state:<7}", COLORS[finding.state])
    output.line(f"{state}  {finding.check:<10}  {one_line(finding.message)}")
    if finding.remedy:
        output.line(f"{'':23}fix: {one_line(finding.remedy)}")


def _report(output: Output, findings: list[Finding], *, is_well: bool) -> None:
    items = [asdict(finding) for finding in findings]
    failures = [finding for finding in findings if finding.state is State.FAILED]
    output.table(
        COLUMNS,
        failures if output.form == "ids" else findings,
        document={"schema": "joborch.doctor/1", "ok": is_well, "items": items},
        ids=lambda finding: finding.check,
    )


def _column(name: str) -> Column[Finding]:
    def cell(finding: Finding) -> str:
        return getattr(finding, name) or ""

    return Column(name=name, head=name.upper(), text=cell, raw=cell)


COLUMNS = [_column(name) for name in ("check", "state", "message", "remedy")]
