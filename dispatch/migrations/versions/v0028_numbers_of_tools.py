"""How many a depot has of each of its tools; it was taken to have one."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.Column("number", sa.Integer(), nullable=False, server_default="1")
    op.add_column("depot_tool", number)
    with op.batch_alter_table("depot_tool") as depot_tool:
        depot_tool.alter_column("number", server_default=None)
