"""The ledger of stock: what went from where to where, and what technicians said of it."""

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
    TRANSFER = "transfer"
    """Somebody said that they took it into their van."""
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


class StockTransfer(SQLModel, table=True):
    """Parts that a technician took out of a colleague's van or a depot into the own van, under the
    id that the technician's device gave it. Rows are only ever added; a movement is booked with
    each."""

    __tablename__ = "stock_transfer"

    id: str = Field(primary_key=True)
    technician_id: str = Field(foreign_key="technician.id")
    """Who took them."""
    part_id: str = Field(foreign_key="part.id")
    quantity: int
    source: Holder = Field(sa_type=text_of(Holder))
    """A depot or a van."""
    source_id: str
    at: datetime
    """When they were taken, by the technician's clock."""
    received_at: datetime = Field(default_factory=now, index=True)
