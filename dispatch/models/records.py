"""Who changed what, and what was done by the clock."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from dispatch.models.base import now


class LogEntry(SQLModel, table=True):
    """Who changed what, when; rows are only ever added."""

    __tablename__ = "log_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, index=True)
    actor: str = Field(index=True)
    action: str
    entity: str
    entity_id: str = Field(index=True)
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Firing(SQLModel, table=True):
    """A scheduled call that was taken up; its key keeps a second process from firing it again."""

    name: str = Field(primary_key=True)
    due_at: datetime = Field(primary_key=True)
    run_id: str | None = Field(default=None, foreign_key="run.id")
