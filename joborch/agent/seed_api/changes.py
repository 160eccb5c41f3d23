"""How the record of a job may change: pure functions from the old one to the new one."""

from msgspec.structs import replace

from joborch.agent.seed_api.shelf import Record
from joborch.wire.agents import Report

MOST_ATTEMPTS = 3


def given(record: Record) -> Record:
    """It is given to the agent, as a new attempt."""
    if not record.is_waiting:
        return record
    return replace(record, attempt=record.attempt + 1, is_waiting=False)


def killed(record: Record, now: float) -> Record:
    """Its end is asked for: at once if it waits, else through the agent. An end stays as it is."""
    if record.outcome is not None:
        return record
    if record.is_waiting:
        return _finished(record, "cancelled", now, is_killed=True)
    return record if record.is_killed else replace(record, is_killed=True)


def ended(record: Record, report: Report, now: float) -> Record:
    """Its newest attempt has ended. One that was lost is followed by another, a few times."""
    if report.outcome == "given_back" and not record.is_killed:
        return replace(record, is_waiting=True)
    if report.outcome not in {"lost", "given_back"}:
        size = report.results.size_bytes if report.results else None
        return _finished(record, report.outcome, now, reason=report.reason, results_bytes=size)
    losses = record.losses + 1
    if record.is_killed:
        return _finished(record, "cancelled", now, reason=report.reason, losses=losses)
    if losses < MOST_ATTEMPTS:
        return replace(record, losses=losses, is_waiting=True)
    return _finished(record, "lost", now, reason=report.reason, losses=losses)


def _finished(record: Record, outcome: str, now: float, **facts: object) -> Record:
    return replace(record, outcome=outcome, finished_at=now, is_waiting=False, **facts)
