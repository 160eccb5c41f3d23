"""Tell with a held job who had it held.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column in place, and fill it from the history of those that are held now."""
    op.execute("ALTER TABLE jobs ADD COLUMN hold_actor VARCHAR")
    op.execute(
        "UPDATE jobs SET hold_actor = (SELECT actor FROM events"
        " WHERE events.job_id = jobs.id AND events.event IN ('submit', 'held')"
        " ORDER BY events.seq DESC LIMIT 1)"
        " WHERE state = 'queued' AND held_at IS NOT NULL"
    )
