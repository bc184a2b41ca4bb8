"""The ledger of stock, which begins with what there is."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _holder(name: str) -> sa.Column[str]:
    kinds = ("depot", "van", "site", "count")
    kind = sa.Enum(*kinds, name="holder", native_enum=False, length=20)
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    causes = ("pick_up", "use", "count")
    movement = op.create_table(
        "movement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("part_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        _holder("source"),
        sa.Column("source_id", sa.String(), nullable=False),
        _holder("target"),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(*causes, name="cause", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("actor", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement")),
    )
    op.create_index(op.f("ix_movement_part_id"), "movement", ["part_id"])
    at = sa.literal(datetime.now(UTC), sa.DateTime(timezone=True))
    for kind, table, owner in (
        ("depot", "depot_stock", "depot_id"),
        ("van", "van_stock", "technician_id"),
    ):
        stock = sa.table(table, sa.column(owner), sa.column("part_id"), sa.column("quantity"))
        opening = sa.select(
            at,
            stock.c.part_id,
            stock.c.quantity,
            sa.literal("count"),
            sa.literal(""),
            sa.literal(kind),
            stock.c[owner],
            sa.literal("count"),
            sa.literal("migration"),
        ).where(stock.c.quantity > 0)
        columns = [one.name for one in movement.columns if one.name != "id"]
        op.execute(sa.insert(movement).from_select(columns, opening))
