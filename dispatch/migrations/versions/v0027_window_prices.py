"""What it costs to start in one of a job's windows."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    price = sa.Column("price", sa.Integer(), nullable=False, server_default="0")
    op.add_column("job_window", price)
    with op.batch_alter_table("job_window") as job_window:
        job_window.alter_column("price", server_default=None)
