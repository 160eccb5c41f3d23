"""Filters in SQL: what ``domain/conditions.py`` answers for one job, asked of the table of jobs."""

from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import BigInteger, ColumnElement, and_, exists, false, func, not_, or_, select, true
from sqlalchemy import type_coerce as seen_as

from joborch.domain.conditions import (
    COMPARISONS,
    Condition,
    Counts,
    HasId,
    InBatch,
    InStates,
    IsHeld,
    IsTagged,
    Lasts,
    Reads,
)
from joborch.domain.filters import Filter, Term
from joborch.domain.patterns import Pattern
from joborch.domain.states import JobState
from joborch.server.store.tables import AGENTS, EPOCH, JOBS

_MICROSECOND = timedelta(microseconds=1)


def passing(wanted: Filter, *, now: datetime) -> list[ColumnElement[bool]]:
    """Return what must hold of the jobs that pass; ages are counted from ``now``."""
    return [_of_term(term, now) for term in wanted.terms]


def _of_term(term: Term, now: datetime) -> ColumnElement[bool]:
    one = or_(*(_of(condition, now) for condition in term.conditions))
    # What is not known of a job is not so, and its opposite is.
    return not_(func.coalesce(one, false())) if term.is_negated else one


def _of(  # noqa: C901, PLR0911 - a case for each condition
    condition: Condition, now: datetime
) -> ColumnElement[bool]:
    match condition:
        case InStates(states):
            return JOBS.c.state.in_(sorted(states))
        case IsHeld():
            return and_(JOBS.c.held_at.is_not(None), JOBS.c.state == JobState.QUEUED.value)
        case Reads("agent", pattern):
            named = select(AGENTS.c.id).where(_like(AGENTS.c.name, pattern))
            return JOBS.c.last_agent_id.in_(named)
        case Reads(fact, pattern):
            return _like(JOBS.c[fact], pattern)
        case IsTagged(key, value):
            return _tagged(key, value)
        case HasId(ids):
            return _within(JOBS.c.id, ids)
        case InBatch(number, indices):
            any_of = [_within(JOBS.c.array_index, each) for each in indices] or [true()]
            return and_(JOBS.c.batch_id == number, or_(*any_of))
        case Counts(fact, operator, number):
            return _compared(operator, JOBS.c[fact], number)
        case Lasts(fact, operator, span):
            return _compared(operator, _spent(fact, now), span // _MICROSECOND)
        case _:
            assert_never(condition)


def _compared(operator: str, left: ColumnElement[Any], right: int) -> ColumnElement[bool]:
    compared: ColumnElement[bool] = COMPARISONS[operator](left, right)
    return compared


def _spent(fact: str, now: datetime) -> ColumnElement[int]:
    """Return the microseconds since a job was submitted or ended, or that it has run."""
    until = (now - EPOCH) // _MICROSECOND
    if fact == "age":
        return until - seen_as(JOBS.c.submitted_at, BigInteger)
    if fact == "ended":
        return until - seen_as(JOBS.c.finished_at, BigInteger)
    end = func.coalesce(seen_as(JOBS.c.finished_at, BigInteger), until)
    return end - seen_as(JOBS.c.started_at, BigInteger)


def _within(column: ColumnElement[int], numbers: range) -> ColumnElement[bool]:
    if len(numbers) == 1:
        return column == numbers.start  # of which the database looks up many at once
    between = column.between(numbers.start, numbers.stop - 1)
    if numbers.step == 1:
        return between
    return and_(between, (column - numbers.start) % numbers.step == 0)


def _tagged(key: str, value: str | None) -> ColumnElement[bool]:
    each = func.json_each(JOBS.c.tags).table_valued("key", "value")
    is_meant = (
        each.c.key == key if value is None else and_(each.c.key == key, each.c.value == value)
    )
    return exists().select_from(each).where(is_meant).correlate(JOBS)


def _like(column: ColumnElement[str], pattern: Pattern) -> ColumnElement[bool]:
    """Match by equality, by GLOB, or without regard to the case of a to z by LIKE."""
    texts = [piece.decode() for piece in pattern.pieces]
    if pattern.is_plain:
        return column == texts[0]
    if pattern.is_cased:
        literal = str.maketrans({"?": "[?]", "[": "[[]"})
        return column.bool_op("GLOB")("*".join(text.translate(literal) for text in texts))
    escaped = str.maketrans({"%": "\\%", "_": "\\_", "\\": "\\\\"})
    return column.like("%".join(text.translate(escaped) for text in texts), escape="\\")
