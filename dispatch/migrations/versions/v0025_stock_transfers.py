"""What technicians took out of depots and each other's vans, and depots' telephone numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sa.String()
    kinds = ("depot", "van", "site", "count")
    op.add_column("depot", sa.Column("phone", text, nullable=True))
    op.create_table(
        "stock_transfer",
        sa.Column("id", text, nullable=False),
        sa.Column("technician_id", text, nullable=False),
        sa.Column("part_id", text, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column(
            "source", sa.Enum(*kinds, name="holder", native_enum=False, length=20), nullable=False
        ),
        sa.Column("source_id", text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technician.id"], name=op.f("fk_stock_transfer_technician_id")
        ),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_stock_transfer_part_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_transfer")),
    )
    op.create_index(op.f("ix_stock_transfer_received_at"), "stock_transfer", ["received_at"])
