"""The schema that migrations build is the one that the tables declare, and it guards itself."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from dispatch import store
from dispatch.models import Skill


def test_the_migrated_schema_is_the_declared_one(engine: Engine) -> None:
    with engine.begin() as connection:
        command.check(store.alembic_config(connection))


def test_a_migrated_database_is_told_from_an_empty_one(empty_database_url: str) -> None:
    engine = store.connect(empty_database_url)
    assert not store.is_migrated(engine)
    store.migrate(empty_database_url)
    assert store.is_migrated(engine)
    engine.dispose()


def test_migrating_again_keeps_what_is_stored(
    database_url: str, engine: Engine, session: Session
) -> None:
    session.add(Skill(id="gas", name="Gas"))
    session.commit()
    store.migrate(database_url)
    assert store.is_migrated(engine)
    assert session.get(Skill, "gas") is not None


def test_processes_that_migrate_at_once_do_not_disturb_each_other(empty_database_url: str) -> None:
    start = threading.Barrier(4)

    def migrate() -> None:
        start.wait()
        store.migrate(empty_database_url)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(migrate) for _ in range(4)]:
            done.result()


@pytest.mark.parametrize(
    "change", ["UPDATE log_entry SET actor = 'nobody'", "DELETE FROM log_entry"]
)
def test_a_log_entry_is_neither_changed_nor_removed(engine: Engine, change: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO log_entry (at, actor, action, entity, entity_id) "
                "VALUES ('2026-11-20 08:00:00', 'lan', 'create', 'job', 'J-1')"
            )
        )
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(text(change))
    with engine.begin() as connection:
        assert connection.execute(text("SELECT actor FROM log_entry")).scalars().all() == ["lan"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_log_is_not_truncated(engine: Engine) -> None:
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(text("TRUNCATE log_entry"))
