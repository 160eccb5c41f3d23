"""What a menu offers to do with certain jobs, and what keeps it from being done to them.

Knows no widget.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from joborch.tui.deeds import DEEDS, set_priority
from joborch.tui.errands import errand_for, noun
from joborch.tui.formatting import job_name
from joborch.tui.look import Look
from joborch.tui.picture import Picture, is_same
from joborch.wire.jobs import JobView

CHANGING = {f"job.{verb}": deed for verb, deed in DEEDS.items()} | {"job.priority": set_priority(0)}
"""What suits some jobs and not others, by the command's id."""
LABELS = {
    "table.open": "open",
    "job.log": "log",
    "job.explain": "why it waits",
    "jobs.mark": "mark, or unmark",
    "job.cancel": "cancel",
    "job.retry": "retry",
    "job.hold": "hold",
    "job.release": "release",
    "job.priority": "set the priority",
    "job.copy": "copy the id",
}
"""By the ids of the commands that do the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a menu."""

    command_id: str
    label: str
    key: str
    """Which does the same."""
    hindrance: str
    """Why it cannot be done; empty if it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMenu:
    """The jobs that a menu is about, as they were when it was opened."""

    selected: JobView
    """What is opened, or shown the log of."""
    jobs: Sequence[JobView]
    """What anything else is done to; the selected one is among them."""
    is_chosen: bool
    """Whether a person has chosen these, and not only found the selection there."""

    @property
    def title(self) -> str:
        """Say which jobs it is about."""
        if len(self.jobs) > 1:
            return f"{noun(len(self.jobs))}, marked"
        return f"{self.selected.id} {job_name(self.selected)}"

    def entries(self, picture: Picture, look: Look) -> Iterator[Entry]:
        """Yield the lines."""
        for command_id, label in LABELS.items():
            yield Entry(
                command_id=command_id,
                label=label,
                key=look.keymap.first(command_id),
                hindrance=self._hindrance(command_id, picture, look),
            )

    def still_there(self, picture: Picture) -> list[int]:
        """Return the ids of those that are the same jobs now: there may be another database."""
        return [job.id for job in self.jobs if is_same(job, picture.jobs.get(job.id))]

    def _hindrance(self, command_id: str, picture: Picture, look: Look) -> str:
        if (deed := CHANGING.get(command_id)) is None:
            return ""
        if look.is_read_only:
            return "read-only"
        if picture.is_past:
            return "it is the past"
        if not picture.is_live:
            return "not connected"
        ids = [job.id for job in self.jobs]
        has_any = bool(errand_for(deed, ids, picture).jobs)
        return "" if has_any else deed.unfit.partition(";")[0]
