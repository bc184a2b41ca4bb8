"""The ledger of stock: what went from where to where."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from dispatch.models.base import now, text_of


class Holder(StrEnum):
    """Who can have parts."""

    DEPOT = "depot"
    VAN = "van"
    SITE = "site"
    """Used at a customer's; what goes there does not come back, unless a report is corrected."""
    COUNT = "count"
    """Nobody: what was found, or missing, when somebody counted."""


class MovementCause(StrEnum):
    PICK_UP = "pick_up"
    USE = "use"
    COUNT = "count"
    """A figure was given, as in a file."""
    FOUND = "found"
    """More was taken than the figure said there was; undone if that turns out not to be so."""


class Movement(SQLModel, table=True):
    """Parts that went from one holder to another. Rows are only added: what depots and vans have
    (``DepotStock``, ``VanStock``) is the sum of what came and went."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now)
    """When it was booked."""
    part_id: str = Field(index=True)
    quantity: int
    source: Holder = Field(sa_type=text_of(Holder))
    source_id: str
    """Id of the depot, technician or site; empty for a count."""
    target: Holder = Field(sa_type=text_of(Holder))
    target_id: str
    cause: MovementCause = Field(sa_type=text_of(MovementCause))
    actor: str
