"""Work types have lines to tick off and readings with limits, and reports say what was ticked."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

LISTS = {
    "job_template": ("checklist", "readings"),
    "report": ("checked", "checklist", "readings_wanted"),
}


def upgrade() -> None:
    for table, names in LISTS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))
        with op.batch_alter_table(table) as altered:
            for name in names:
                altered.alter_column(name, server_default=None)
