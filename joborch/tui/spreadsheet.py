"""The list of jobs as CSV: the columns of the table, with values that a program can use.

Times and numbers are whole, as ``joborch status --format csv`` has them, and not as on the screen.
"""

import csv
import io
from collections.abc import Callable, Sequence

from joborch.domain.text import one_line
from joborch.tui.formatting import running_s
from joborch.tui.look import Look
from joborch.tui.picture import Picture
from joborch.tui.whereabouts import where_or_why
from joborch.wire.jobs import JobView


def csv_of(names: Sequence[str], jobs: Sequence[JobView], picture: Picture, look: Look) -> str:
    """Write jobs in their order, a line each, with the columns of these names; titles first."""

    def ran(job: JobView) -> str:
        seconds = running_s(job, look.now())
        return "" if seconds is None else f"{seconds:.3f}"

    columns: dict[str, tuple[str, Callable[[JobView], object]]] = {
        "id": ("id", lambda job: job.id),
        "state": ("state", lambda job: job.state),
        "name": ("name", lambda job: one_line(job.name)),
        "service": ("service", lambda job: one_line(job.service)),
        "user": ("user_id", lambda job: one_line(job.user_id)),
        "priority": ("priority", lambda job: job.priority),
        "age": ("submitted_at", lambda job: f"{job.submitted_at:%Y-%m-%dT%H:%M:%S.%fZ}"),
        "run": ("running_s", ran),
        "agent": ("agent", lambda job: one_line(job.agent or "")),
        "why": ("why", lambda job: where_or_why(job, picture, look.glyphs)),
    }
    two = {"agent": ("agent", "why")}  # which one column has on the screen
    shown = [columns[each] for name in names for each in two.get(name, (name,))]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(title for title, _ in shown)
    writer.writerows([value(job) for _, value in shown] for job in jobs)
    return written.getvalue()
