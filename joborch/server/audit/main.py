"""Audits a server's data: the database, the event log and the files, while a server runs or not."""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from joborch.domain.errors import ConflictError
from joborch.domain.invariants import Audit, Finding, Invariant
from joborch.domain.quotas import Limits
from joborch.server.audit import (
    acceptances,
    gates,
    ledger,
    moves,
    payloads,
    presence,
    quotas,
    results,
    rows,
    soundness,
)
from joborch.server.audit.disk import Disk, Progress
from joborch.server.audit.ledger import Ledger
from joborch.server.settings import ServerSettings, load_settings

QUICK = "sizes only; nothing was hashed"
DAMAGED = "the database is damaged"
NO_QUOTAS = "batches only: no service is configured here, name it with --service or --config"


class ServerStartedError(ConflictError):
    """A server began to use the data during the audit; what was found is worth nothing."""

    code = "server_started"


def main(flags: Mapping[str, Any], progress: Progress) -> Audit:
    """Run ``joborch check`` and return what it found; nothing is changed.

    Raises:
        SettingsError: naming every mistake.
        NoDataError: there is no database.
        OtherSchemaError: it cannot be read by this version.
        ServerStartedError: a server started meanwhile.
    """
    path = Path(flags["config"]) if flags.get("config") else None
    settings = load_settings(flags, os.environ, path)
    return audit(settings, is_quick=bool(flags.get("quick")), progress=progress)


def audit(
    settings: ServerSettings,
    *,
    is_quick: bool = False,
    progress: Progress = lambda done, total: None,
) -> Audit:
    """Look at everything that ``settings`` point to; see :func:`main`."""
    ledger.demand(settings.db_path)
    server = presence.holder(settings.data)
    found = Audit(data=settings.data, database=settings.db_path, server=server)
    limits = {service.name: service.limits for service in settings.services}
    with ledger.opened(settings.db_path, is_at_rest=server is None) as opened:
        ledger.demand_schema(opened)
        with ledger.one_moment(opened):
            with _as_far_as_it_can_be_read(found, Invariant.I11):
                _count(opened, found)
            _look_at_database(opened, found, limits, is_quick=is_quick)
        disk = Disk(
            data=settings.data,
            is_served=server is not None,
            cut_off=(time.time_ns() // 1000) - settings.max_age // timedelta(microseconds=1),
        )
        _look_at_files(disk, opened, found, hashes=not is_quick, progress=progress)
    if server is None and presence.holder(settings.data):
        raise ServerStartedError("a server was started in the meantime", hint="check again")
    return found


def _look_at_database(
    opened: Ledger, found: Audit, limits: Mapping[str, Limits], *, is_quick: bool
) -> None:
    if not limits:
        found.unseen[Invariant.I3] = NO_QUOTAS
    _take(soundness.is_sound(opened, is_quick=is_quick), found, Invariant.I10)
    of_moves = (Invariant.I1, Invariant.I2, Invariant.I4, Invariant.I9)
    _take(_moves(opened), found, *of_moves)
    of_rows = (Invariant.I2, Invariant.I5, Invariant.I8, Invariant.I10)
    _take(rows.contradict_nothing(opened), found, *of_rows)
    _take(_quotas(opened, limits), found, Invariant.I3)
    _take(acceptances.keeps_what_was_accepted(opened), found, Invariant.I8)
    _take(quotas.counts_right(opened), found, Invariant.I9)
    _take(gates.keep_nobody_in_vain(opened), found, Invariant.I11)


def _look_at_files(
    disk: Disk, opened: Ledger, found: Audit, *, hashes: bool, progress: Progress
) -> None:
    if not hashes:
        found.unseen[Invariant.I5] = QUICK
    _take(disk.left_half_way(opened), found, Invariant.I10)
    _take(payloads.check(disk, opened, found.counts), found, Invariant.I10)
    looked = results.check(disk, opened, found.counts, hashes=hashes, progress=progress)
    _take(looked, found, Invariant.I5, Invariant.I10)


def _take(findings: Iterator[Finding], found: Audit, *about: Invariant) -> None:
    with _as_far_as_it_can_be_read(found, *about):
        for finding in findings:
            found.add(finding)


@contextmanager
def _as_far_as_it_can_be_read(found: Audit, *about: Invariant) -> Iterator[None]:
    """Go on behind the block when the database is too damaged for it; these stay unknown then."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        fault = f"database: reading it failed: {error}"
        found.add(Finding(invariant=Invariant.I10, message=fault, remedy=soundness.REMEDY))
        found.unseen |= dict.fromkeys(about, DAMAGED)


def _moves(opened: Ledger) -> Iterator[Finding]:
    for history in moves.histories(opened):
        yield from moves.check(history)


def _quotas(opened: Ledger, limits: Mapping[str, Limits]) -> Iterator[Finding]:
    """Batches keep their limits; what exceeds a quota of today may have been allowed then."""
    yield from quotas.exceeded_batches(opened)
    for finding in quotas.exceeded(opened, limits):
        yield replace(finding, is_note=True)


def _count(opened: Ledger, found: Audit) -> None:
    found.counts.jobs, found.counts.unfinished = opened.execute(
        "SELECT count(*), count(*) - count(finished_at) FROM jobs"
    ).fetchone()
    (found.counts.events,) = opened.execute("SELECT count(*) FROM events").fetchone()
