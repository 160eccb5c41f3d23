"""What cancel, hold, release, set and retry share: the choice, the question, the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, NoReturn

import typer

from joborch.cli.exits import PARTIAL, REFUSED, UsageError
from joborch.cli.narrowing import Passes, passes_only
from joborch.cli.selection import EmptySelectionError, select
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.states import JobState
from joborch.domain.text import one_line
from joborch.wire.actions import ActionError, ActionResult, JobAction, about, name_of
from joborch.wire.jobs import JobView

MOST_IN_QUESTION = 10
MOST_UNCOUNTED = 20
"""Of more jobs than these the number has to be typed, or expected if they are several people's."""
RESULT_FIELDS = ("id", "ok", "state", "new_id", "message", "error")
"""Of what became of each job, for programs."""

Selectors = Annotated[list[str] | None, typer.Argument(metavar="[SELECTOR]...")]
Only = Annotated[
    str | None,
    typer.Option("--only", metavar="STATES", help="Of these, those in such a state or group."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say which.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]
Expect = Annotated[
    int | None,
    typer.Option("--expect", metavar="N", min=1, help="Do nothing unless they are so many."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which jobs are meant, and how sure that is."""

    selectors: Sequence[str]
    only: str | None
    is_dry: bool
    is_yes: bool
    where: str | None = None
    """A filter that they pass, too; it can stand alone."""
    expected: int | None = None
    """How many there have to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that is done to each of the jobs."""

    verb: str
    """As a question begins: ``Cancel``."""
    action: JobAction
    """Of no jobs yet."""
    told: Callable[[ActionResult], str]
    """What to say of a job that it was done to."""
    needless: Callable[[JobView], str | None] = lambda _: None
    """Why it is not to be done to a job, as that was when it was chosen."""


def carry_out(session: Session, choice: Choice, deed: Deed) -> list[ActionResult]:
    """Find the jobs, ask if that is called for, act, and print what became of each.

    Returns the results; what remains to be done is :func:`leave`.

    Raises:
        EmptySelectionError: no job is meant; nothing was done.
        UsageError: there are not as many as expected, or that is to be said, or ``--only`` is about
            jobs to which it cannot be done; nothing was done.
        typer.Exit: after a dry run, and when the answer was no.
    """
    passes = passes_only(choice.only, deed.action)
    jobs = session.run(lambda server: _chosen(choice, passes, session, server))
    if choice.is_dry:
        _rehearse(session, deed, jobs)
        raise typer.Exit
    _confirm(session, choice, deed, jobs)
    skipped = {job.id: _needless(job, why) for job in jobs if (why := deed.needless(job))}
    done = _act(session, deed, [job.id for job in jobs if job.id not in skipped])
    told = skipped | done
    results = [told[job.id] for job in jobs if job.id in told]
    _tell(session, deed, results)
    return results


def leave(results: Sequence[ActionResult]) -> NoReturn:
    """Exit with 0 if all was done, 7 if some was, 6 if nothing was."""
    done = [result.ok for result in results]
    raise typer.Exit(0 if all(done) else PARTIAL if any(done) else REFUSED)


def _act(session: Session, deed: Deed, job_ids: list[int]) -> dict[int, ActionResult]:
    if not job_ids:
        return {}
    action, by = about(deed.action, job_ids), session.settings.user_id
    results = session.run(lambda server: server.act(action, by=by))
    return {result.id: result for result in results}


def _needless(job: JobView, why: str) -> ActionResult:
    """Return what a job that is as wanted already is told with."""
    error = ActionError(code="needless", message=why)
    return ActionResult(id=job.id, ok=False, state=job.state, error=error)


async def _chosen(
    choice: Choice, passes: Passes, session: Session, orchestrator: Orchestrator
) -> list[JobView]:
    jobs = await select(
        choice.selectors, session=session, orchestrator=orchestrator, where=choice.where
    )
    chosen = [job for job in jobs if passes(job)]
    if not chosen:
        raise EmptySelectionError(f"none of {len(jobs)} jobs is {choice.only}")
    return chosen


def _rehearse(session: Session, deed: Deed, jobs: Sequence[JobView]) -> None:
    output = session.output
    if output.is_json:
        items = [{"id": job.id, "state": job.state} for job in jobs]
        schema = f"joborch.{name_of(deed.action)}/1"
        output.document({"schema": schema, "dry_run": True, "items": items})
        return
    for job in jobs:
        output.line(str(job.id) if output.form == "ids" else f"{job.id} {one_line(job.state)}")


def _confirm(session: Session, choice: Choice, deed: Deed, jobs: Sequence[JobView]) -> None:
    """Return if it is certain that these jobs are meant; ask where that is called for."""
    number, users = len(jobs), sorted({job.user_id for job in jobs})
    if choice.expected not in {None, number}:
        raise UsageError(f"{number} jobs are meant, and {choice.expected} were expected")
    if number > MOST_UNCOUNTED and len(users) > 1 and choice.is_yes and choice.expected is None:
        raise UsageError(
            f"{number} jobs of {len(users)} users are meant", hint=f"add --expect {number}"
        )
    has_others = users != [session.settings.user_id]
    if number > 1 or has_others:
        session.confirm(
            _question(deed.verb, jobs, users if has_others else []),
            is_yes=choice.is_yes,
            typed=str(number) if number > MOST_UNCOUNTED else None,
            called="their number",
            why="jobs of others are asked about" if has_others else "several jobs are asked about",
        )


def _question(verb: str, jobs: Sequence[JobView], users: Sequence[str]) -> str:
    ids = ", ".join(str(job.id) for job in jobs[:MOST_IN_QUESTION])
    more = ", …" if len(jobs) > MOST_IN_QUESTION else ""
    running = sum(job.state == JobState.RUNNING for job in jobs)
    noun = "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
    whose = f" of {', '.join(users)}" if users else ""
    return one_line(f"{verb} {noun}{whose} ({running} running): {ids}{more}?")


def _tell(session: Session, deed: Deed, results: Sequence[ActionResult]) -> None:
    output = session.output
    lines = [deed.told(each) if each.ok else _skipped(each) for each in results]
    if output.is_json:
        items = [
            {
                "id": each.id,
                "ok": each.ok,
                "state": each.state,
                "new_id": each.new_id,
                "message": line,
                "error": each.error,
            }
            for each, line in zip(results, lines, strict=True)
        ]
        output.document({"schema": f"joborch.{name_of(deed.action)}/1", "items": items})
        return
    for each, line in zip(results, lines, strict=True):
        if output.form != "ids":
            output.line(f"{each.id} {one_line(line)}")
        elif each.ok:
            output.line(str(each.new_id or each.id))
        else:
            output.trouble(f"{each.id} {one_line(line)}")


def _skipped(result: ActionResult) -> str:
    error = result.error
    if error is None:
        return "skipped"
    if error.code != "wrong_state" or result.state is None:
        return f"skipped: {error.message}"
    has_ended = JobState(result.state).is_terminal
    return f"skipped: {'already ' if has_ended else ''}{result.state.replace('_', ' ')}"
