"""How long it takes from the road to a site's door, how quick technicians are, and how much a
route of theirs may have."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LIMITS = ("max_visits", "max_travel_minutes", "max_distance_km")


def upgrade() -> None:
    op.add_column(
        "site", sa.Column("access_minutes", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "technician", sa.Column("pace_percent", sa.Integer(), nullable=False, server_default="100")
    )
    for name in LIMITS:
        op.add_column("technician", sa.Column(name, sa.Integer(), nullable=True))
    with op.batch_alter_table("site") as site:
        site.alter_column("access_minutes", server_default=None)
    with op.batch_alter_table("technician") as technician:
        technician.alter_column("pace_percent", server_default=None)
