"""Who is absent does not work, and others take over."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch.company.master_data import AbsenceEntry
from dispatch.errors import Conflict, NotFound
from dispatch.intake import Code
from dispatch.models import JobStatus, LogEntry, Placement, PlacementStatus
from dispatch.placing.absences import NewAbsence, add_absence, list_absences, remove_absence
from dispatch.placing.placer import place_waiting
from dispatch.planning.live_days import LiveDays
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import add_job, add_live_route, add_technician, hanoi
from tests.dispatch.drafting import in_force, status

pytestmark = pytest.mark.any_database

NINE = hanoi("09:00")
REST_OF_THE_DAY = NewAbsence(id="ill", starts_at=NINE, ends_at=hanoi("17:00"), reason="ill")


@pytest.fixture
def monday(engine: Engine) -> Iterator[Session]:
    """Ann and Bob with two visits each; only Ann can do b3, which Bob does not have."""
    with Session(engine) as session:
        add_technician(session, "ann", at=0)
        add_technician(session, "bob", at=6, skills={"gas": 1})
        for name, at in (("a1", 1), ("a2", 4), ("b1", 5), ("b2", 3)):
            add_job(session, name, at=at)
        today = [(hanoi("13:00"), hanoi("17:00"))]
        add_job(session, "gas", at=5, skills={"gas": 1}, windows=today)
        add_live_route(session, "ann", [("a1", "10:00"), ("a2", "12:00")])
        add_live_route(session, "bob", [("b1", "09:10"), ("b2", "11:00"), ("gas", "14:00")])
        session.commit()
        yield session


def settle(session: Session, settings: Settings, at: datetime = NINE) -> dict[str, Placement]:
    session.commit()
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    while place_waiting(engine, LiveDays(reading(engine), settings), settings, at):
        pass
    session.expire_all()
    return {row.job_id: row for row in session.exec(select(Placement)).all()}


def test_an_absence_covers_whole_seconds(monday: Session, settings: Settings) -> None:
    """What begins as it ends, as plans know time, does not begin in it."""
    ends_at = hanoi("09:09:59") + timedelta(microseconds=1)
    late = NewAbsence(starts_at=NINE + timedelta(microseconds=7), ends_at=ends_at)
    add_absence(monday, "bob", late, actor="dana")
    [absence] = list_absences(monday, "bob")
    assert (absence.starts_at, absence.ends_at) == (NINE, hanoi("09:10"))
    assert settle(monday, settings) == {}
    in_a_file = AbsenceEntry(id="a", technician_id="bob", starts_at=late.starts_at, ends_at=ends_at)
    assert in_a_file.ends_at == hanoi("09:10")


def test_others_take_over_what_an_absent_technician_had(
    monday: Session, settings: Settings
) -> None:
    add_absence(monday, "bob", REST_OF_THE_DAY, actor="dana")
    found = settle(monday, settings)
    assert sorted(in_force(monday)["ann"]) == ["a1", "a2", "b1", "b2"]
    assert "bob" not in in_force(monday)
    assert found["gas"].status == PlacementStatus.NO_PLACE
    assert status(monday, "gas") == JobStatus.OPEN


def test_what_comes_after_a_short_absence_stays(monday: Session, settings: Settings) -> None:
    short = NewAbsence(starts_at=hanoi("10:30"), ends_at=hanoi("12:00"))
    add_absence(monday, "bob", short, actor="dana")
    settle(monday, settings)
    assert in_force(monday)["bob"] == ["b1", "gas"]
    assert "b2" in in_force(monday)["ann"]


def test_the_same_absence_again_is_as_once(monday: Session) -> None:
    first, is_new = add_absence(monday, "bob", REST_OF_THE_DAY, actor="dana")
    again, is_new_again = add_absence(monday, "bob", REST_OF_THE_DAY, actor="dana")
    assert (again, is_new, is_new_again) == (first, True, False)
    assert list_absences(monday, "bob") == [first]
    with pytest.raises(Conflict):
        add_absence(monday, "ann", REST_OF_THE_DAY, actor="dana")


def test_an_absence_can_be_taken_back(monday: Session, settings: Settings) -> None:
    add_absence(monday, "bob", REST_OF_THE_DAY, actor="dana")
    with pytest.raises(NotFound):
        remove_absence(monday, "ann", "ill", actor="dana")
    remove_absence(monday, "bob", "ill", actor="dana")
    assert list_absences(monday, "bob") == []
    actions = [
        (entry.actor, entry.action)
        for entry in monday.exec(select(LogEntry).where(LogEntry.entity == "absence"))
    ]
    assert actions == [("dana", "add"), ("dana", "remove")]


def test_an_absence_ends_after_it_starts() -> None:
    for ends_at in ("09:00", "08:59"):
        with pytest.raises(ValueError, match="ends_at"):
            NewAbsence(starts_at=NINE, ends_at=hanoi(ends_at))


def test_an_absence_can_be_taken_back_by_the_id_that_was_made_up_for_it(monday: Session) -> None:
    span = NewAbsence(starts_at=hanoi("10:30"), ends_at=hanoi("12:00"))
    made, _ = add_absence(monday, "bob", span, actor="dana")
    assert TypeAdapter(Code).validate_python(made.id) == made.id
    remove_absence(monday, "bob", made.id, actor="dana")
    assert list_absences(monday, "bob") == []
