"""Let operators pause services, set users' quotas, and remove agents.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables, and the agents' column."""
    op.create_table(
        "pauses",
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("service"),
    )
    op.create_table(
        "overrides",
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=True),
        sa.Column("queued", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.CheckConstraint("running >= 0", name="override_running"),
        sa.CheckConstraint("queued >= 0", name="override_queued"),
        sa.CheckConstraint(
            "running IS NOT NULL OR queued IS NOT NULL", name="override_of_something"
        ),
        sa.PrimaryKeyConstraint("service", "user_id"),
    )
    op.add_column("agents", sa.Column("removed_at", sa.BigInteger(), nullable=True))
