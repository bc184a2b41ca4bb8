"""A webhook's deliveries are found from the newest one on, however many there are."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["webhook_id", "id"]
    op.create_index(op.f("ix_webhook_delivery_webhook_id"), "webhook_delivery", columns)


def downgrade() -> None:
    op.drop_index(op.f("ix_webhook_delivery_webhook_id"), table_name="webhook_delivery")
