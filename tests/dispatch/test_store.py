"""How sessions on the two databases behave towards each other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from dispatch import engines, log, store
from dispatch.models import Job, LogEntry, Part, Skill, VanStock
from tests.dispatch.companies import SOON, add_company


def test_what_a_row_refers_to_must_exist(session: Session) -> None:
    session.add(VanStock(technician_id="nobody", part_id="nothing", quantity=1))
    with pytest.raises(IntegrityError):
        session.flush()


def test_a_reader_sees_one_state_while_others_write(engine: Engine, session: Session) -> None:
    add_company(session)
    with Session(store.reading(engine)) as reader:
        assert reader.get_one(Skill, "gas").name == "Gas"
        session.get_one(Skill, "gas").name = "Khí"
        session.add(Skill(id="lifts", name="Thang máy"))
        session.commit()
        reader.expire_all()
        assert reader.get_one(Skill, "gas").name == "Gas"
        assert store.existing_ids(reader, Skill, ["lifts"]) == set()
    with Session(store.reading(engine)) as reader:
        assert reader.get_one(Skill, "gas").name == "Khí"


def test_a_reader_does_not_wait_for_a_writer(engine: Engine, session: Session) -> None:
    add_company(session)
    session.get_one(Skill, "gas").name = "Khí"
    session.flush()
    with Session(store.reading(engine)) as reader:
        assert reader.get_one(Skill, "gas").name == "Gas"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_session_for_reading_cannot_write(engine: Engine) -> None:
    with Session(store.reading(engine)) as reader:
        reader.add(Skill(id="gas", name="Gas"))
        with pytest.raises(DBAPIError, match="read-only"):
            reader.flush()


def test_sessions_that_read_and_then_write_do_not_overwrite_each_other(
    engine: Engine, session: Session
) -> None:
    add_company(session)
    session.add(Job(id="J-1", site_id="S-1", title="Bảo trì", duration_minutes=30, due_at=SOON))
    session.commit()
    start = threading.Barrier(4)

    def prolong() -> None:
        start.wait()
        for _ in range(10):
            with Session(engine) as own:
                job = store.hold_job(own, "J-1")
                assert job is not None
                job.duration_minutes += 1
                own.commit()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(prolong) for _ in range(4)]:
            done.result()
    session.expire_all()
    assert session.get_one(Job, "J-1").duration_minutes == 70


def test_moments_come_back_in_utc(session: Session) -> None:
    add_company(session)
    session.add(Job(id="J-1", site_id="S-1", title="Bảo trì", duration_minutes=30, due_at=SOON))
    session.commit()
    session.expire_all()
    due_at = session.get_one(Job, "J-1").due_at
    assert due_at == SOON
    assert due_at is not None
    assert due_at.isoformat().endswith("+00:00")


def test_rows_are_added_or_overwritten_by_key(session: Session) -> None:
    store.upsert(session, Part, [{"id": "A", "name": "old"}, {"id": "B", "name": "same"}])
    store.upsert(session, Part, [{"id": "A", "name": "new"}, {"id": "C", "name": "third"}])
    names = {part.id: part.name for part in store.rows_where(session, Part, "id", None)}
    assert names == {"A": "new", "B": "same", "C": "third"}


def test_more_ids_than_a_statement_may_have_are_asked_in_parts(session: Session) -> None:
    store.upsert(session, Part, [{"id": "A", "name": "A"}])
    many = [f"X{number}" for number in range(70_000)]
    assert store.existing_ids(session, Part, [*many, "A"]) == {"A"}


def test_the_log_keeps_what_was_before_and_after(session: Session) -> None:
    log.record(
        session, "lan", "rename", log.Entity.PART, "A", before={"name": "ế"}, after={"name": "b"}
    )
    log.record_many(session, "lan", "import", log.Entity.PART, [("B", None, {"name": "c"})])
    session.commit()
    entries = {entry.entity_id: entry for entry in store.rows_where(session, LogEntry, "id", None)}
    assert entries["A"].before == {"name": "ế"}
    assert (entries["B"].before, entries["B"].after) == (None, {"name": "c"})
    assert entries["A"].at.tzinfo is not None


def test_a_path_with_spaces_and_signs_is_a_database_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'dữ liệu 100%.db'}"
    store.migrate(url)
    engine = engines.connect(url)
    assert store.is_migrated(engine)
    engine.dispose()
