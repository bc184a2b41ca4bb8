"""Engines know two databases, and those who wait in vain give up."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from dispatch import engines
from dispatch.models import Skill
from tests.dispatch.companies import add_company


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_sqlite_database_is_a_file_with_a_write_ahead_log(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 10_000


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/dispatch"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///"):
        engines.connect(url)


def test_any_postgresql_address_is_reached_by_psycopg() -> None:
    engine = engines.connect("postgresql://someone:secret@host/dispatch")
    assert engine.url.render_as_string(hide_password=False) == (
        "postgresql+psycopg://someone:secret@host/dispatch"
    )


def test_who_waits_too_long_for_another_writer_gives_up(
    engine: Engine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_company(session)
    session.get_one(Skill, "gas", with_for_update=True)
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    other = engines.connect(engine.url.render_as_string(hide_password=False))
    with Session(other) as second, pytest.raises(OperationalError):
        second.get_one(Skill, "gas", with_for_update=True)
    session.rollback()
    with Session(other) as second:
        assert second.get_one(Skill, "gas", with_for_update=True)
    other.dispose()
