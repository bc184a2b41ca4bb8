"""What an hour and a kilometre of a technician cost."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("cost_per_hour", "cost_per_km"):
        op.add_column("technician", sa.Column(name, sa.Integer(), nullable=True))
