"""Drafts that were put in force can be undone as changes by hand can."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "manual_change",
        sa.Column("is_acceptance", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    with op.batch_alter_table("manual_change") as change:
        change.alter_column("is_acceptance", server_default=None)
