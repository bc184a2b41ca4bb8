"""Idempotency keys belong to their callers."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEPT = """
    UPDATE idempotency_key SET actor = coalesce(
        (SELECT min(log_entry.actor) FROM log_entry
         WHERE log_entry.entity = 'job' AND log_entry.action = 'create'
         AND log_entry.entity_id = idempotency_key.job_id),
        ''
    )
"""
"""The log says who made the job, and so whose key it was."""


def upgrade() -> None:
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("actor", sa.String(), nullable=True))
    op.execute(KEPT)
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.alter_column("actor", existing_type=sa.String(), nullable=False)
        batch_op.drop_constraint("pk_idempotency_key", type_="primary")
        batch_op.create_primary_key("pk_idempotency_key", ["actor", "key"])
