"""What happened to a job, as a person says it."""

from datetime import datetime

from joborch.client.changes import changes
from joborch.client.moments import brief
from joborch.domain.actors import ANYBODY
from joborch.domain.states import JobEvent, JobFact
from joborch.domain.text import one_line
from joborch.tui.formatting import Glyphs
from joborch.tui.lines import QUIET
from joborch.tui.widgets.lines import Part
from joborch.wire.events import EventView

_SAID: dict[str, str] = {
    JobEvent.SUBMIT: "submitted",
    JobEvent.ASSIGN: "given to an agent",
    JobEvent.START: "started",
    JobEvent.COMPLETE: "completed",
    JobEvent.FAIL: "failed",
    JobEvent.TIME_OUT: "ran out of time",
    JobEvent.CANCEL: "cancelled",
    JobEvent.REJECT: "cannot be run",
    JobEvent.REQUEUE: "back in the queue",
    JobEvent.GIVE_BACK: "given back untried",
    JobEvent.LOSE: "lost for good",
    JobFact.CANCEL_REQUESTED: "is to be cancelled",
    JobFact.HELD: "held",
    JobFact.RELEASED: "released",
    JobFact.READY: "waits for no other job any more",
    JobFact.CHANGED: "changed",
    JobFact.RETRIED: "submitted again",
    JobFact.REOFFERED: "offered again",
    JobFact.RESULTS_REMOVED: "results removed",
}
_FACTS = frozenset(JobFact)


def deed(event: EventView, glyphs: Glyphs) -> str:
    """Say what happened; an event that is not known here is said by its name."""
    said, detail = _SAID.get(event.event, event.event.replace("_", " ")), event.detail
    match event.event:
        case JobEvent.ASSIGN if "agent" in detail:
            said = f"given to {detail['agent']}"
        case JobFact.RETRIED if "job" in detail:
            said = f"submitted again as {detail['job']}"
        case JobFact.CHANGED if detail:
            said = changes(detail, arrow=glyphs.arrow)
        case _ if "signal" in detail:
            said = f"{said}, signal {detail['signal']}"
        case _ if detail.get("exit_code"):
            said = f"{said}, exit {detail['exit_code']}"
    attempt = f" (attempt {event.attempt})" if event.attempt > 1 else ""
    note = detail.get("note")
    if not note:
        return one_line(f"{said}{attempt}")
    if note.startswith(f"{said} "):
        return one_line(f"{note}{attempt}")  # "cancelled by ann" says it all
    return one_line(f"{said}{attempt}: {note}")


def doer(event: EventView) -> str:
    """Say who did it: a user, an agent, somebody who did not say who, or the server itself."""
    _, colon, name = event.actor.partition(":")
    return one_line(name) if colon else ANYBODY if event.actor == ANYBODY else "server"


def tone(event: EventView) -> str:
    """Name the style of what happened: that of the state it led to."""
    if event.event == JobFact.HELD:
        return "held"
    return "" if event.event in _FACTS else event.to_state


def told(event: EventView, glyphs: Glyphs, *, now: datetime, cells: int) -> list[Part]:
    """Tell of it in a line; the job's id is ``cells`` wide."""
    style = f"$state-{tone(event).replace('_', '-')}" if tone(event) else ""
    return [
        (f"{brief(event.at, now)} ", QUIET),
        f"{event.job_id:>{cells}} ",
        (deed(event, glyphs), style),
        (f" {glyphs.dot} {doer(event)}", QUIET),
    ]
