"""Who changed what, and what was done by the clock."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from dispatch.models.base import json_column, now


class LogEntry(SQLModel, table=True):
    """Who changed what, when. Rows are only ever added, but that the oldest may be removed."""

    __tablename__ = "log_entry"
    __table_args__ = (
        Index("ix_log_entry_at", "at", "entity", "action"),
        Index("ix_log_entry_actor", "actor", "id"),
        Index("ix_log_entry_entity", "entity", "id"),
        Index("ix_log_entry_entity_id", "entity_id", "entity", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now)
    actor: str
    action: str
    entity: str
    entity_id: str
    before: dict[str, Any] | None = Field(default=None, sa_column=json_column(optional=True))
    after: dict[str, Any] | None = Field(default=None, sa_column=json_column(optional=True))


class LogStart(SQLModel, table=True):
    """Where the log begins, if old entries were removed: one row, or none. The database refuses to
    remove any others, and to have a younger entry named here than one of 30 days."""

    __tablename__ = "log_start"
    __table_args__ = (CheckConstraint("id = 1", name="ck_log_start_id"),)

    id: int = Field(default=1, primary_key=True)
    removed_upto: int
    """The id of the last entry that is gone; it only grows."""


class Firing(SQLModel, table=True):
    """A scheduled call that was taken up; its key keeps a second process from firing it again."""

    name: str = Field(primary_key=True)
    due_at: datetime = Field(primary_key=True)
    run_id: str | None = Field(default=None, foreign_key="run.id", index=True)
