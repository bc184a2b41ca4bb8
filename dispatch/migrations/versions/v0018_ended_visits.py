"""What ended on a day is found by when it ended."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_job_departed_at", "job", ["departed_at", "id"])
