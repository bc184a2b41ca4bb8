"""The schema that migrations build is the one that the tables declare, and it guards itself."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, delete, func, select, update

from dispatch import engines, store
from dispatch.alerts.dead_letters import list_dead_letters, read_dead_letter
from dispatch.models import (
    Alert,
    DepotTool,
    IdempotencyKey,
    JobTask,
    JobTemplate,
    LogEntry,
    LogStart,
    Report,
    Site,
    Skill,
    Technician,
    now,
)


def test_the_migrated_schema_is_the_declared_one(engine: Engine) -> None:
    with engine.begin() as connection:
        command.check(store.alembic_config(connection))


def test_a_migrated_database_is_told_from_an_empty_one(empty_database_url: str) -> None:
    engine = engines.connect(empty_database_url)
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


def test_idempotency_keys_of_an_earlier_version_belong_to_who_made_the_job(
    empty_database_url: str,
) -> None:
    engine = engines.connect(empty_database_url)
    with engine.begin() as connection:
        command.upgrade(store.alembic_config(connection), "0008")
    at = "2026-11-20 08:00:00"
    with engine.begin() as connection:
        for table, columns in (
            ("site", {"id": "S-1", "name": "x", "address": "y"}),
            ("job", {"id": "J-1", "site_id": "S-1", "title": "x", "status": "open"}),
            ("log_entry", {"at": at, "actor": "portal", "action": "create"}),
            ("log_entry", {"at": at, "actor": "lan", "action": "change"}),
            ("idempotency_key", {"key": "k", "body_hash": "h", "job_id": "J-1"}),
        ):
            if table == "job":
                columns |= {"priority": "normal", "duration_minutes": 30, "revision": 1}
                columns |= {"created_at": at, "updated_at": at}
            if table == "log_entry":
                columns |= {"entity": "job", "entity_id": "J-1"}
            if table == "idempotency_key":
                columns |= {"created_at": at}
            names, marks = ", ".join(columns), ", ".join(f":{name}" for name in columns)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), columns)
    store.migrate(empty_database_url)
    with Session(engine) as session:
        used = session.exec(select(IdempotencyKey)).one()
    assert (used.actor, used.key, used.job_id) == ("portal", "k", "J-1")
    engine.dispose()


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


@pytest.fixture
def shortened(session: Session) -> Session:
    """The log began with two entries of long ago and one of today; the first of all may go."""
    session.add_all(
        LogEntry(at=at, actor="lan", action="create", entity="job", entity_id=str(at.year))
        for at in (datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC), now())
    )
    session.flush()
    session.add(LogStart(removed_upto=session.exec(select(func.min(LogEntry.id))).one()))
    session.commit()
    return session


def years(session: Session) -> list[int]:
    session.rollback()
    return [at.year for at in session.exec(select(LogEntry.at).order_by(LogEntry.id))]


def test_of_the_log_the_beginning_may_go_and_no_more_than_was_said(shortened: Session) -> None:
    first, second, third = shortened.exec(select(LogEntry.id).order_by(LogEntry.id)).all()
    for some in ((first, second), (second,), (third,)):
        with pytest.raises(DatabaseError, match="append-only"):
            shortened.exec(delete(LogEntry).where(col(LogEntry.id).in_(some)))
        assert years(shortened) == [2020, 2021, now().year]
    shortened.exec(delete(LogEntry).where(col(LogEntry.id) == first))
    shortened.commit()
    assert years(shortened) == [2021, now().year]


def test_no_young_entry_of_the_log_is_let_go(shortened: Session) -> None:
    newest = shortened.exec(select(func.max(LogEntry.id))).one()
    for upto in (newest, newest + 100):
        with pytest.raises(DatabaseError, match="kept for 30 days"):
            shortened.exec(update(LogStart).values(removed_upto=upto))
        shortened.rollback()
    shortened.exec(update(LogStart).values(removed_upto=newest - 1))


def test_the_log_does_not_begin_earlier_again(shortened: Session) -> None:
    """Or else nobody could tell what was removed from what was never there."""
    for statement in (update(LogStart).values(removed_upto=0), delete(LogStart)):
        with pytest.raises(DatabaseError, match="cannot begin earlier"):
            shortened.exec(statement)
        shortened.rollback()


ALERTS = """
INSERT INTO site (id, name, address) VALUES ('s', 'S', 'there');
INSERT INTO asset (id, site_id, name) VALUES ('m', 's', 'M');
INSERT INTO device (id, asset_id, in_service) VALUES ('d', 'm', true);
INSERT INTO alert (id, source_id, origin, id_at_source, device_id, site_id, type, severity,
    readings, occurred_at, received_at, last_seen_at, count, last_active_at, cleared_at, state,
    outcome)
SELECT id, '', '', id, 'd', 's', 'hot', 'major', '{}', {six}, {six}, {six}, 1, active, cleared,
    'unacknowledged', outcome
FROM (
    SELECT 1 AS id, 'received' AS outcome, {six} AS active, {none} AS cleared
    UNION ALL SELECT 2, 'cleared', {six}, {seven}
    UNION ALL SELECT 3, 'received', {seven}, {six}
    UNION ALL SELECT 4, 'cleared', {none}, {six}
) AS told;
INSERT INTO job (id, site_id, title, status, priority, duration_minutes, revision, created_at,
    updated_at) VALUES ('J-1', 's', 'M', 'open', 'normal', 60, 1, {six}, {six});
INSERT INTO job_task (job_id, position, title, alert_id, device_id, type, count, severity,
    added_at, last_seen_at) VALUES ('J-1', 1, 'hot', 1, 'd', 'hot', 1, 'major', {six}, {six});
INSERT INTO dead_letter (source_id, digest, content_type, headers, is_item, body, faults,
    received_at, last_seen_at, count, state, alert_ids)
VALUES ('', 'x', '', '{}', false, {body}, '[]', {six}, {six}, 1, 'waiting', '[]');
"""


def test_alerts_of_an_older_version_go_on_as_they_were(empty_database_url: str) -> None:
    engine = engines.connect(empty_database_url)
    is_postgresql = engine.dialect.name == "postgresql"
    moment = "TIMESTAMPTZ '2026-11-20 0{}:00:00+00'" if is_postgresql else "'2026-11-20 0{}:00:00'"
    none = "CAST(NULL AS TIMESTAMPTZ)" if is_postgresql else "NULL"
    body = "'\\x7b7b7b'" if is_postgresql else "x'7b7b7b'"
    words = {"{six}": moment.format(6), "{seven}": moment.format(7), "{none}": none, "{body}": body}
    with engine.begin() as connection:
        command.upgrade(store.alembic_config(connection), "0008")
    with engine.begin() as connection:
        for statement in ALERTS.split(";\n")[:-1]:
            for name, value in words.items():
                statement = statement.replace(name, value)
            connection.exec_driver_sql(statement)
    store.migrate(empty_database_url)
    with Session(engine) as session:
        found = {
            one.id: (one.word_at and one.word_at.hour, one.cleared_at and one.cleared_at.hour)
            for one in session.exec(select(Alert))
        }
        assert found == {1: (6, None), 2: (7, 7), 3: (7, None), 4: (6, 6)}
        assert {(one.asset_id, tuple(one.heard)) for one in session.exec(select(Alert))} == {
            ("m", ())
        }
        assert [task.asset_id for task in session.exec(select(JobTask))] == ["m"]
        [letter], _ = list_dead_letters(session)
        assert (letter.size, letter.is_cut) == (3, False)
        assert read_dead_letter(session, letter.id).body == "{{{"
    engine.dispose()


def test_sites_and_technicians_of_an_older_version_work_as_they_did(
    empty_database_url: str,
) -> None:
    engine = engines.connect(empty_database_url)
    with engine.begin() as connection:
        command.upgrade(store.alembic_config(connection), "0015")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO site (id, name, address) VALUES ('s', 'S', 'there')"))
        connection.execute(
            text(
                "INSERT INTO technician (id, name, address, latitude, longitude, active) "
                "VALUES ('t', 'T', 'home', 21.0, 105.8, true)"
            )
        )
    store.migrate(empty_database_url)
    with Session(engine) as session:
        assert session.get_one(Site, "s").access_minutes == 0
        found = session.get_one(Technician, "t")
        limits = (found.max_visits, found.max_travel_minutes, found.max_distance_km)
        assert (found.pace_percent, limits) == (100, (None, None, None))
    engine.dispose()


def test_depots_of_an_older_version_have_one_of_each_of_their_tools(
    empty_database_url: str,
) -> None:
    engine = engines.connect(empty_database_url)
    with engine.begin() as connection:
        command.upgrade(store.alembic_config(connection), "0027")
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO tool (id, name) VALUES ('osc', 'Oscilloscope')",
            "INSERT INTO depot (id, name, address, latitude, longitude, opens, closes, "
            "handling_minutes) VALUES ('d', 'D', 'there', 21.0, 105.8, '07:00', '18:00', 10)",
            "INSERT INTO depot_tool (depot_id, tool_id) VALUES ('d', 'osc')",
        ):
            connection.execute(text(statement))
    store.migrate(empty_database_url)
    with Session(engine) as session:
        assert session.get_one(DepotTool, ("d", "osc")).number == 1
    engine.dispose()


def test_nothing_was_to_be_ticked_off_before_it_could_be_said(empty_database_url: str) -> None:
    engine = engines.connect(empty_database_url)
    with engine.begin() as connection:
        command.upgrade(store.alembic_config(connection), "0022")
    at = "2026-11-20 08:00:00"
    rows: dict[str, dict[str, object]] = {
        "site": {"id": "s", "name": "S", "address": "there", "access_minutes": 0},
        "technician": {
            "id": "t", "name": "T", "address": "home", "latitude": 21.0, "longitude": 105.8,
            "active": True, "pace_percent": 100,
        },
        "job_template": {
            "id": "care", "title": "Care", "priority": "normal", "skills": "[]", "parts": "[]",
            "tools": "[]", "duration_minutes": 30, "extra_minutes": 30, "priorities": "{}",
            "safety_factor": 0.5, "window": "never", "least_window_hours": 4.0,
        },
        "job": {
            "id": "j", "site_id": "s", "title": "Care", "status": "completed",
            "priority": "normal", "duration_minutes": 30, "created_at": at, "updated_at": at,
            "revision": 1,
        },
        "report": {
            "id": "r", "job_id": "j", "technician_id": "t", "kind": "completed", "at": at,
            "received_at": at, "readings": '{"bar": 8.5}',
        },
    }  # fmt: skip
    with engine.begin() as connection:
        for table, columns in rows.items():
            names = ", ".join(f'"{name}"' for name in columns)
            marks = ", ".join(f":{name}" for name in columns)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), columns)
    store.migrate(empty_database_url)
    with Session(engine) as session:
        work_type, report = session.get_one(JobTemplate, "care"), session.get_one(Report, "r")
        assert (work_type.checklist, work_type.readings) == ([], [])
        assert (report.checked, report.checklist, report.readings_wanted) == ([], [], [])
        assert report.readings == {"bar": 8.5}
    engine.dispose()
