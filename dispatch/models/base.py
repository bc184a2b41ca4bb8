"""What all tables share."""

from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import JSON, BindParameter, Column, ColumnElement, Enum, bindparam, text
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


def only_live(more: str = "") -> dict[str, Any]:
    """The condition of an index that holds what is ``live``, in the words of each database.

    SQLite uses such an index only for queries that say its condition word for word, and there
    ``col(Route.live)`` is ``live = 1``.
    """
    return {"sqlite_where": text(f"live = 1{more}"), "postgresql_where": text(f"live{more}")}


def is_one_of(column: Any, kinds: Collection[StrEnum]) -> ColumnElement[bool]:
    """``column`` says one of these, in the words of ``only_among``."""
    values: BindParameter[Any] = bindparam(None, list(kinds), expanding=True, literal_execute=True)
    return cast(ColumnElement[bool], column.in_(values))


def only_among(column: str, kinds: Collection[StrEnum]) -> dict[str, Any]:
    """The condition of an index on the few rows that something is still to be done about.

    Statistics know how many rows there are of a kind on average. Where nearly all are done, an
    index on all of them looks useless, and SQLite goes through the table.
    """
    quoted = ", ".join(f"'{kind.value}'" for kind in kinds)
    condition = text(f"{column} IN ({quoted})")
    return {"sqlite_where": condition, "postgresql_where": condition}


def json_column(*, optional: bool = False) -> Column[Any]:
    """A column of whatever JSON holds; ``optional``: or of nothing."""
    return Column(JSON(none_as_null=True)) if optional else Column(JSON, nullable=False)


def text_of(kind: type[StrEnum]) -> Enum:
    """A column of ``kind`` that holds the values as plain text, readable in any database tool."""
    return Enum(
        kind, native_enum=False, length=20, values_callable=lambda kind: [one.value for one in kind]
    )
