"""Index jobs by when they were submitted and when they ended, for statistics and estimates.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two indices.

    Neither may draw statements that know a service only: those about waiting jobs have an index
    of their own, which stays small.
    """
    op.create_index("jobs_submitted", "jobs", ["submitted_at", "service"])
    op.create_index(
        "jobs_ended",
        "jobs",
        ["service", "finished_at", "state", "started_at", "submitted_at"],
        sqlite_where=sa.text("finished_at IS NOT NULL"),
    )
