"""What a person is told of jobs just submitted: why they wait, until when, what to do meanwhile."""

from contextlib import suppress

from joborch.cli.explain import remedies
from joborch.cli.forecasts import told
from joborch.cli.session import Session
from joborch.client import Orchestrator
from joborch.domain.errors import JoborchError
from joborch.domain.text import one_line
from joborch.wire.jobs import Explanation, Submitted

AT_ONCE = "next"
"""The reason of a job that only the next look at the queue keeps."""
IN_ONES_HANDS = frozenset({"no_agent", "held"})
"""Reasons that do not pass by themselves."""


async def tell_outlook(session: Session, orchestrator: Orchestrator, submitted: Submitted) -> None:
    """Say why the first of the jobs waits, if it does, and which commands may be next."""
    first = submitted.jobs[0].id
    explanation = None
    with suppress(JoborchError):  # whatever becomes of the question, the jobs are submitted
        explanation = await orchestrator.explain(first)
    if explanation is not None and explanation.reason not in {None, AT_ONCE}:
        session.output.line(one_line(f"  waiting: {_waiting(session, explanation)}"))
        if explanation.reason in IN_ONES_HANDS:
            for remedy in remedies(session, explanation)[:1]:
                session.output.hint(one_line(remedy))
    whole = submitted.batch or first
    session.output.hint(f"joborch logs -f {first}  ·  joborch status {whole}  ·  joborch top")


def _waiting(session: Session, explanation: Explanation) -> str:
    if explanation.estimate is None:
        return explanation.message
    start = told(explanation.estimate, session.now, in_utc=session.times.in_utc)
    return f"{explanation.message}; {start}"
