"""What all tables share."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Enum
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
"""Without names, SQLite constraints could not be changed by a later migration."""


def now() -> datetime:
    return datetime.now(UTC)


def text_of(kind: type[StrEnum]) -> Enum:
    """A column of ``kind`` that holds the values as plain text, readable in any database tool."""
    return Enum(
        kind, native_enum=False, length=20, values_callable=lambda kind: [one.value for one in kind]
    )
