"""Let jobs wait for the end of others: gates, and the jobs that each waits for.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the jobs' column, and leave jobs before a gate out of the line's index.

    The column is added in place: a table that is made anew, as Alembic would, costs a second for
    each 100,000 jobs.
    """
    op.create_table(
        "gates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "ALTER TABLE jobs ADD COLUMN gate_id INTEGER"
        " CONSTRAINT job_gated CHECK (gate_id IS NULL OR state IN ('queued')) REFERENCES gates (id)"
    )
    op.drop_index("jobs_line", "jobs")
    op.create_index(
        "jobs_line",
        "jobs",
        ["service", "user_id", sa.literal_column("priority DESC"), "id"],
        sqlite_where=sa.text("state = 'queued' AND gate_id IS NULL"),
    )
    op.create_index("jobs_gated", "jobs", ["gate_id"], sqlite_where=sa.text("gate_id IS NOT NULL"))
    op.create_table(
        "gate_members",
        sa.Column("gate_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('completed', 'ended')", name="gate_member_kind"),
        sa.ForeignKeyConstraint(["gate_id"], ["gates.id"]),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("gate_id", "job_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("gates_of_job", "gate_members", ["job_id"])
