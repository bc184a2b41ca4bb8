"""The schema that migrations build is the one that the tables declare, and it guards itself."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from dispatch import store


def test_the_migrated_schema_is_the_declared_one(engine: Engine) -> None:
    with engine.begin() as connection:
        command.check(store.alembic_config(connection))


def test_a_migrated_database_is_told_from_an_empty_one(engine: Engine, tmp_path: Path) -> None:
    assert store.is_migrated(engine)
    empty = store.connect(f"sqlite:///{tmp_path / 'empty.db'}")
    assert not store.is_migrated(empty)
    empty.dispose()


def test_migrating_again_changes_nothing(database_url: str, engine: Engine) -> None:
    store.migrate(database_url)
    assert store.is_migrated(engine)


def test_processes_that_migrate_at_once_do_not_disturb_each_other(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(store.migrate, database_url) for _ in range(4)]:
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
