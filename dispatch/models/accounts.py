"""Who may use the service: people with passwords, and machines with keys."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from dispatch.models.base import now, text_of


class Role(StrEnum):
    DISPATCHER = "dispatcher"
    """Plans, and sees and changes everything that planning is about."""
    TECHNICIAN = "technician"
    """Reads and reports on their own days and jobs only."""
    INTEGRATION = "integration"
    """A machine that sends alerts, and nothing else."""
    SOLVER = "solver"
    """A machine that has problems solved, and nothing else."""
    ADMINISTRATOR = "administrator"
    """May do everything; accounts, keys and the log of changes are for this role alone."""


class Account(SQLModel, table=True):
    """A person. ``id`` is the user name, under which the log of changes knows them."""

    id: str = Field(primary_key=True)
    name: str
    role: Role = Field(sa_type=text_of(Role))
    technician_id: str | None = Field(default=None, foreign_key="technician.id")
    """Who a technician's account is for; nobody else's has one."""
    password_hash: str
    active: bool = True
    revision: int = 1
    """Grows when the password changes or the account is disabled: what was signed in ends."""
    created_at: datetime = Field(default_factory=now)
    signed_in_at: datetime | None = None


class SignIn(SQLModel, table=True):
    """An account signed in on one device, until it signs out or stays away for too long.

    Tokens are kept as SHA-256. Each renewal replaces the token; the one before is known for a
    moment longer, since the answer with the new one may have been lost on its way.
    """

    __tablename__ = "sign_in"

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True)
    account_revision: int
    """What the account's was; a sign-in of an earlier one is void."""
    token_hash: str = Field(index=True)
    previous_hash: str | None = None
    renewed_at: datetime = Field(default_factory=now)
    expires_at: datetime


class ApiKey(SQLModel, table=True):
    """A machine's key, ``fsd_<id>_<secret>``; of the secret only its SHA-256 is kept."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    name: str
    """Which machine has it."""
    role: Role = Field(sa_type=text_of(Role))
    technician_id: str | None = Field(default=None, foreign_key="technician.id")
    secret_hash: str
    requests_per_minute: int | None = None
    """None: as set for the role."""
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime | None = None
    used_at: datetime | None = None
    """Exact to a few minutes."""
    revoked_at: datetime | None = None
