"""Run by Alembic: from ``store.migrate`` on its connection, or from the ``alembic`` command."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

import dispatch.models  # noqa: F401 - declares the tables
from dispatch import engines
from dispatch.settings import Settings


def render_type(kind: str, value: Any, _autogenerate: AutogenContext) -> str | Literal[False]:
    """SQLModel's own types as what they are in the database: migrations outlive SQLModel."""
    match kind, value:
        case "type", AutoString():
            return "sa.String()"
        case "type", UTCDateTime():
            return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is None:
        engine = engines.connect(Settings().database_url)
        with engine.begin() as connection:
            run_on(connection)
        engine.dispose()
    else:
        run_on(connection)


def run_on(connection: Any) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_server_default=True,
        render_item=render_type,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
